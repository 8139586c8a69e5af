"""Records a service once, for a test that plays the recording from then on."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, Literal, get_args

from mock_p1.base.arguments import names_arguments
from mock_p1.recording.proxied_calls import ProxiedCalls
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.recording_file import check_writable, write_recording
from mock_p1.recording.recording_proxy import RecordingProxy
from mock_p1.recording.scenario_text import scenario_text
from mock_p1.testing.mocks import reachable, serving
from mock_p1.verify.url import base_url

if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType

    from mock_p1.testing.handle import Handle

RecordMode = Literal["none", "once", "all"]
MODES: Final[tuple[str, ...]] = get_args(RecordMode)


@dataclass(frozen=True, slots=True)
class RecordedService:
    """What a client of a test asks: the service through a proxy, or its recording.

    Attributes:
        url: The base URL for the client.
        api_key: The API key that was given; while the recording is played, one that it knows.
        secret_key: Likewise the secret key.
        mock: The handle of what is played; None while the service is recorded.

    Examples:
        >>> from mock_p1 import record, serving
        >>> with serving("demo") as real, record("new.yaml", url=real.url) as service:
        ...     service.mock is None
        True
    """

    url: str
    api_key: str
    secret_key: str
    mock: Handle | None = None

    @property
    def is_recording(self) -> bool:
        """Whether the service itself is asked.

        Examples:
            >>> from mock_p1 import RecordedService
            >>> RecordedService("http://127.0.0.1:8191", "a-key", "").is_recording
            True
        """
        return self.mock is None


class record:  # noqa: N801 -- called like a function
    """Record what a client does with a service, or play what was recorded: a cassette.

    A context manager that hands out a RecordedService, whose ``url`` is the client's base URL.
    While it records, a proxy on this machine passes on what the client asks, and at the end of the
    block the file is written, without keys, hosts, signatures and the content of files; not if the
    block fails. Else the file is served as by ``serving``.

    Args:
        path: The scenario file.
        url: The base URL of the service; needed to record.
        record_mode: ``once`` records where there is no file, and plays it from then on; ``none``
            never records; ``all`` records anew each time.
        api_key: The API key with which the service is recorded.
        secret_key: The secret key, likewise.
        hide_messages: Put a number in the place of each message.
        ca_file: Certificates to trust (PEM) while it records.
        timeout: How many seconds an answer of the service may take.
        speed: While it plays: how many seconds of the recording pass in a real one.
        instant_sleep: While it plays: True lets the client's waits return at once.

    Raises:
        ValueError: ``record_mode`` is none of the three, or ``url`` is missing or no base URL.
        FileNotFoundError: There is no file, and ``none`` records none.
        CannotWrite: When it starts, or ends: the file cannot be written.
        ScenarioError: The file cannot be played; the message names every problem.

    Examples:
        >>> import requests
        >>> from mock_p1 import record, serving
        >>> def client(service):
        ...     job = f"{service.url}/v1/external/retrain_jobs/retrain-001"
        ...     headers = {"x-api-key": service.api_key}
        ...     return requests.get(job, headers=headers, timeout=5).json()["status"]
        >>> with serving("demo") as real:  # in the place of the service
        ...     with record("once.yaml", url=real.url, api_key="demo-key") as service:
        ...         client(service), service.is_recording
        ('job_waiting', True)
        >>> with record("once.yaml") as service:
        ...     client(service), service.is_recording
        ('job_waiting', False)
    """

    @names_arguments("record")
    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        path: str | PathLike[str],
        *,
        url: str | None = None,
        record_mode: RecordMode = "once",
        api_key: str = "",
        secret_key: str = "",
        hide_messages: bool = False,
        ca_file: str | None = None,
        timeout: float = 30.0,
        speed: float = 1.0,
        instant_sleep: bool = False,
    ) -> None:
        if record_mode not in MODES:
            raise ValueError(f"record_mode is one of {', '.join(MODES)}, not {record_mode!r}")
        self._path, self._mode = Path(path), record_mode
        self._url, self._keys, self._hide_messages = url, (api_key, secret_key), hide_messages
        self._ca_file, self._timeout = ca_file, timeout
        self._speed, self._instant_sleep = speed, instant_sleep
        self._stack = ExitStack()
        self._proxy: RecordingProxy | None = None

    def __enter__(self) -> RecordedService:
        """Record or play; return what the client asks."""
        is_there = self._path.exists()
        if self._mode == "all" or (self._mode == "once" and not is_there):
            return self._record()
        if not is_there:
            raise FileNotFoundError(
                f"{self._path}: there is no such recording, and record_mode='none' makes none; "
                "'once' does"
            )
        playing = serving(
            self._path, check=False, speed=self._speed, instant_sleep=self._instant_sleep
        )
        mock = self._stack.enter_context(playing)
        return RecordedService(mock.url, mock.api_key, mock.secret_key, mock)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; write what was recorded, if nothing went wrong."""
        self._stack.close()
        proxy, self._proxy = self._proxy, None
        if proxy is None or error is not None or not proxy.exchanges:
            return
        names = Pseudonyms(hide_messages=self._hide_messages)
        exchanges = proxy.exchanges
        scenario = ProxiedCalls(exchanges, names).scenario(exchanges, proxy.base, {})
        write_recording({self._path: scenario_text(scenario, names).encode()})

    def _record(self) -> RecordedService:
        if self._url is None:
            raise ValueError(f"{self._path} is to be recorded: give the service's base URL by url=")
        base = base_url(self._url)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        check_writable([self._path], replace=True)
        proxy = RecordingProxy(base, timeout=self._timeout, ca_file=self._ca_file)
        self._stack.enter_context(reachable(proxy.url))
        thread = Thread(target=proxy.run, name="mock-p1:recording", daemon=True)
        thread.start()
        self._stack.callback(proxy.close)
        self._stack.callback(thread.join)
        self._stack.callback(proxy.stop)
        self._proxy = proxy
        return RecordedService(proxy.url, *self._keys)
