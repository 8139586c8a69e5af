"""Every private name of another library that the package rests on, and what for.

Private is what begins with an underscore, or with ``__pydantic_``. A release may take any of these
away without a word.
``tests/test_private_names.py`` fails first where one did, and where a name is missing here.
"""

PRIVATE_NAMES = {
    "asyncio": {
        "asyncio.events._get_running_loop": "whether a thread runs an event loop",
        "asyncio.base_events.BaseEventLoop._run_once": "one round of a loop; time moves before it",
        "asyncio.base_events.BaseEventLoop._clock_resolution": "how early a timer may be",
        "asyncio.base_events.BaseEventLoop._scheduled": "the timers to come",
        "asyncio.base_events.BaseEventLoop._ready": "what is to be done now",
        "asyncio.base_events.BaseEventLoop._stopping": "a loop that ends waits for nothing",
        "asyncio.base_events.BaseEventLoop._default_executor": "the threads that a loop waits for",
        "asyncio.selector_events.BaseSelectorEventLoop._selector": "the sockets that a loop hears",
        "asyncio.selector_events.BaseSelectorEventLoop._ssock": "the pipe by which it is woken",
        "asyncio.trsock.TransportSocket._sock": "closed at once, a connection ends with RST",
        "asyncio.events.Handle._callback": "what Windows' loop could not do",
        "asyncio.proactor_events._ProactorBasePipeTransport._call_connection_lost": "likewise",
    },
    "threading": {
        "threading.Condition._waiters": "whether a waiting thread was woken already",
        "threading._RLock": "the client's, whose lock waits by the clock",
        "threading.Condition._is_owned": "whether a wait is allowed",
        "threading.Condition._release_save": "lets the lock go while a thread waits",
        "threading.Condition._acquire_restore": "takes it again",
    },
    "queue": {"queue._PySimpleQueue": "the client's, which waits by the clock"},
    "concurrent.futures": {
        "concurrent.futures.thread.ThreadPoolExecutor._threads": "the threads of a loop's pool",
        "concurrent.futures.thread.ThreadPoolExecutor._max_workers": "whether it may have more",
        "concurrent.futures.thread._worker": "where an idle thread of a pool waits",
    },
    "pytest": {
        "_pytest": "keeps real time, as all of pytest does; where junitxml keeps its log",
    },
    "sys": {
        "sys._getframe": "which module asks for the time",
        "sys._current_frames": "what other threads are doing",
    },
    "time_machine": {
        "time_machine.travel.start": "gives what every date is made of; we replace its time_ns",
    },
    "responses": {
        "responses.RequestsMock._parse_request_params": "what a stub's call shows of the query",
        "responses.RequestsMock._on_request": "what every caught request goes through",
        "responses._real_send": "how requests are sent that nobody catches",
    },
    "httpx": {
        "httpx.Client._transport_for_url": "which transport sends a request",
        "httpx.AsyncClient._transport_for_url": "likewise",
    },
    "pydantic": {},
    "gettext": {"gettext.GNUTranslations._catalog": "all messages of a language"},
    "http.client": {
        "http.client.HTTPConnection._tunnel_host": "the host behind a proxy",
        "http.client.HTTPConnection._tunnel_port": "its port",
    },
}

NOT_EVERYWHERE = {
    "asyncio.windows_events.IocpProactor._cache": "on Windows alone; what its loop waits for",
    "responses.RequestsMock._read_filelike_body": "not in 0.25.3; a body that is read once",
    "threading.Thread._wait_for_tstate_lock": "until Python 3.12, where a thread waits for another",
}
"""Names that some supported versions have and others do not; the package copes with both."""
