"""Windows' event loop, acted out on any system.

Its transports are CPython's own (``asyncio.proactor_events``), which run anywhere. What Windows
does below them is done here with a selector: it hands over what is finished, not what is ready, and
it has no ``get_map``.
"""

import _socket
import asyncio
import errno
import selectors
import socket
import sys
import weakref
from asyncio import proactor_events
from types import ModuleType

NETNAME_DELETED = 64
"""Windows' number for a client that connects and goes before it is accepted."""

INVALID_PARAMETER = 87
CONNECTION_RESET = 10054
IN_C = _socket.socket
"""What Windows does is done in C: no stand-in in Python sees it."""

GONE = "An existing connection was forcibly closed by the remote host"


class WindowsSocket(socket.socket):
    """A connection that cannot be shut down once the other end has reset it."""

    __slots__ = ("was_reset",)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.was_reset = False

    def shutdown(self, how):
        """Shut down, or fail as Windows does."""
        broken = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if self.was_reset or broken in (errno.ECONNRESET, errno.EPIPE):
            raise ConnectionResetError(CONNECTION_RESET, GONE)
        try:
            super().shutdown(how)
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # Linux alone fails where both ends have ended
                raise


class Operation(asyncio.Future):
    """An overlapped operation: cancelled at once, where it is cancelled."""

    def __init__(self, proactor, connection, event, attempt):
        super().__init__(loop=proactor.loop)
        self.proactor, self.connection = proactor, connection
        self.event, self.attempt = event, attempt

    def cancel(self, msg=None):
        """Cancel it; Windows forgets it."""
        self.proactor.forget(self)
        return super().cancel(msg=msg)

    def go_on(self):
        """Try to finish; tell whether it is."""
        try:
            self.set_result(self.attempt())
        except (BlockingIOError, InterruptedError):
            return False
        except (ConnectionResetError, BrokenPipeError):
            if isinstance(self.connection, WindowsSocket):
                self.connection.was_reset = True
            self.set_exception(ConnectionResetError(CONNECTION_RESET, GONE))
        except OSError as error:
            self.set_exception(error)
        return True


class Proactor:
    """Stands in for ``windows_events.IocpProactor``."""

    failing_accepts = 0
    """How many of the next clients go before they are accepted."""

    def __init__(self):
        self.loop, self._results, self._cache = None, [], {}
        self._registered, self._files = weakref.WeakSet(), set()
        self._selector = selectors.DefaultSelector()

    def set_loop(self, loop):
        """Begin."""
        self.loop = loop

    def select(self, timeout=None):
        """Return what has been finished since the last time, or in ``timeout`` seconds."""
        if not self._results:
            self._poll(timeout)
        results, self._results = self._results, []
        return results

    def _poll(self, timeout):
        for key, mask in self._selector.select(timeout):
            for event in (selectors.EVENT_READ, selectors.EVENT_WRITE):
                operation, *_ = self._cache.get((key.fd, event), (None,))
                if mask & event and operation is not None and operation.go_on():
                    self.forget(operation)
                    self._results.append(operation)

    def _begin(self, connection, event, attempt):
        operation = Operation(self, connection, event, attempt)
        if not operation.go_on():
            self._cache[connection.fileno(), event] = operation, None, connection, None
            self._watch(connection.fileno())
        return operation

    def forget(self, operation):
        """Wait for it no more."""
        for key, (found, *_) in tuple(self._cache.items()):
            if found is operation:
                del self._cache[key]
                self._watch(key[0])

    def _watch(self, descriptor):
        events = sum(event for number, event in self._cache if number == descriptor)
        known = descriptor in self._selector.get_map()
        if known and events:
            self._selector.modify(descriptor, events)
        elif known:
            self._selector.unregister(descriptor)
        elif events:
            self._selector.register(descriptor, events)

    def recv(self, connection, size, flags=0):
        """Begin to receive."""
        return self._begin(connection, selectors.EVENT_READ, lambda: connection.recv(size, flags))

    def recv_into(self, connection, buffer, flags=0):
        """Likewise."""
        return self._begin(
            connection, selectors.EVENT_READ, lambda: IN_C.recv_into(connection, buffer, 0, flags)
        )

    def send(self, connection, data, flags=0):
        """Begin to send: finished once all has been taken."""
        left = memoryview(bytes(data))

        def attempt():
            nonlocal left
            while left:
                left = left[IN_C.send(connection, left, flags) :]
            return len(data)

        return self._begin(connection, selectors.EVENT_WRITE, attempt)

    def sendto(self, connection, data, flags=0, addr=None):
        """Begin to send a datagram."""
        return self._begin(
            connection, selectors.EVENT_WRITE, lambda: IN_C.sendto(connection, data, flags, addr)
        )

    def _register_with_iocp(self, connection):
        """Take what is open once, by whatever copy of it: the port tells, where one listens."""
        if connection in self._registered:
            return
        file = connection.getsockname()
        if file in self._files:
            raise OSError(INVALID_PARAMETER, "The parameter is incorrect")
        self._registered.add(connection)
        self._files.add(file)

    def accept(self, listener):
        """Begin to wait for a client."""
        self._register_with_iocp(listener)

        def attempt():
            number, address = listener._accept()  # noqa: SLF001 -- as socket.accept does
            connection = WindowsSocket(
                listener.family, listener.type, listener.proto, fileno=number
            )
            connection.settimeout(0)
            if Proactor.failing_accepts:
                Proactor.failing_accepts -= 1
                connection.close()
                raise OSError(NETNAME_DELETED, "The specified network name is no longer available")
            return connection, address

        return self._begin(listener, selectors.EVENT_READ, attempt)

    def connect(self, connection, address):
        """Begin to connect."""
        begun = IN_C.connect_ex(connection, address)

        def attempt():
            nonlocal begun
            if begun in (errno.EINPROGRESS, errno.EWOULDBLOCK):
                begun = 0
                raise BlockingIOError
            failed = begun or connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failed == errno.ECONNREFUSED:
                raise ConnectionRefusedError(failed, "refused")
            if failed:
                raise OSError(failed, "cannot connect")

        return self._begin(connection, selectors.EVENT_WRITE, attempt)

    def _stop_serving(self, listener):
        """Forget a listener that ends."""
        self._files.discard(listener.getsockname())

    def close(self):
        """End."""
        for operation, *_ in tuple(self._cache.values()):
            operation.cancel()
        self._selector.close()


class ProactorLikeLoop(proactor_events.BaseProactorEventLoop):
    """Stands in for ``asyncio.ProactorEventLoop``."""

    def __init__(self):
        super().__init__(Proactor())

    def run_forever(self):
        """Run, and listen to who wakes the loop, as Windows' does."""
        try:
            self.call_soon(self._loop_self_reading)
            super().run_forever()
        finally:
            if self._self_reading_future is not None:
                self._self_reading_future.cancel()
                self._self_reading_future = None

    def _make_socket_transport(self, sock, *arguments, **options):
        if not isinstance(sock, WindowsSocket):  # a client's
            sock = WindowsSocket(sock.family, sock.type, sock.proto, fileno=sock.detach())
            sock.settimeout(0)
        return super()._make_socket_transport(sock, *arguments, **options)

    def _make_ssl_transport(self, rawsock, *arguments, **options):
        if not isinstance(rawsock, WindowsSocket):
            parts = rawsock.family, rawsock.type, rawsock.proto
            rawsock = WindowsSocket(*parts, fileno=rawsock.detach())
            rawsock.settimeout(0)
        return super()._make_ssl_transport(rawsock, *arguments, **options)


class ProactorLikePolicy(asyncio.DefaultEventLoopPolicy):
    """Makes such loops where nobody says which."""

    _loop_factory = ProactorLikeLoop


if sys.platform != "win32":  # where there is none to be imported
    windows_events = ModuleType("asyncio.windows_events")
    windows_events.IocpProactor = Proactor
    sys.modules.setdefault("asyncio.windows_events", windows_events)
