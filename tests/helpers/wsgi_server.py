"""An ordinary WSGI server on a free port of loopback."""

import threading
from contextlib import contextmanager, suppress

from waitress.server import create_server


@contextmanager
def under_waitress(app, **options):
    """Serve an app with waitress, in a thread; give the port."""
    server = create_server(app, host="127.0.0.1", port=0, threads=8, **options)
    thread = threading.Thread(target=server.run)
    thread.start()

    def close():  # with the connections that clients keep, for which its loop would wait
        server.close()
        for channel in list(server.active_channels.values()):
            channel.handle_close()

    try:
        yield int(server.effective_port)
    finally:
        server.task_dispatcher.shutdown()
        with suppress(OSError):  # its loop may have come to it before it was woken
            server.trigger.pull_trigger(close)
        thread.join(5)
