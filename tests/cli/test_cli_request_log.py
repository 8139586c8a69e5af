"""The log of `serve`: what a line says, and that writing it never holds up an answer."""

import errno
import io
import json
import os
import re
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from helpers.engine_mock import Mock

from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.cli.log_lines import FORMATS, Lines
from mock_p1.cli.request_log import AT_ONCE, END_WAITS, MAX_WAITING, RequestLog, Writer
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import DEFAULT_MAX
from mock_p1.engine.limits import LIMITS
from mock_p1.scenario.parser import parse
from mock_p1.server.upload_store import UploadStore

SCENARIO = """\
jobs:
  a:
    timeline:
      - {status: job_running, for: 2 polls}
      - {fault: timeout, for: manual}
      - {status: x}
"""
JOBS = "/v1/external/retrain_jobs/"


def test_a_store_that_goes_and_comes_is_told_once_each():
    """Also where nothing else is logged; while it stays as it is, nothing is said."""
    engine, stream = SharedEngine(parse(SCENARIO, "a.yaml"), VirtualClock()), io.StringIO()
    log = RequestLog(engine, FORMATS["text"], stream, quiet=True)
    for state in ("ok", "down: gone", "down: Timeout", "ok", "ok"):
        engine.store_state = lambda state=state: state
        log._flush()  # noqa: SLF001 -- what its thread does
    assert stream.getvalue().splitlines() == [
        "the store is down: gone; clients are answered 503 meanwhile",
        "the store answers again",
    ]


def test_a_store_in_json():
    """An event of its own."""
    assert json.loads(FORMATS["json"].store("down: gone")) == {
        "event": "store",
        "store": "down: gone",
    }


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """However busy the machine is, the end waits for the last lines."""
    monkeypatch.setattr("mock_p1.cli.request_log.END_SECONDS", 60)


@pytest.fixture
def engine():
    """An engine whose clock stands still at noon."""
    return Engine(parse(SCENARIO, "mine.yaml"), VirtualClock(datetime(2026, 5, 1, 12, tzinfo=UTC)))


def logged(engine, form: str, *requests: Request) -> list[str]:
    """Send requests to the engine and return the lines that the log wrote of them."""
    stream = io.StringIO()
    with RequestLog(engine, FORMATS[form], stream):
        for request in requests:
            engine.handle(request)
    return stream.getvalue().splitlines()


def get(path: str, *keys: str) -> Request:
    """Return a GET with these keys."""
    return Request("GET", path, api_keys=keys)


def fields(line: str) -> list[str]:
    """Return the parts of a line of text, without the time."""
    return line.split("  ")[1:]


def test_poll(engine):
    """A poll: job, status, the step's place in the file, the key masked, what the job waits for."""
    (line,) = logged(engine, "text", get(f"{JOBS}a", "very-secret-key"))
    assert fields(line) == [
        "a",
        "job_running (HTTP 200)",
        "mine.yaml:4",
        "key very…",
        f"caller {next(iter(engine.journal)).caller_name}",
        "then at job_running for 1 more poll",
    ]


@pytest.mark.parametrize("zone", ["UTC0", "JST-9", "HST10"])
def test_the_time_of_the_wall_has_its_zone(engine, monkeypatch, zone):
    """And the mock's stands beside it where it is another, to the calendar's end and beyond."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        (line,) = logged(Engine(engine.scenario), "text", get(f"{JOBS}a", "k"))
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:00", line.partition("  ")[0])
        engine.clock.advance(10**30)
        (line,) = logged(engine, "text", get(f"{JOBS}a", "k"))
        assert line.partition("  ")[0].endswith(" (mock 9999-12-31 23:59:59)")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_callers(engine):
    """Keys that look alike when masked are told apart; the same key always has the same name."""
    keys = ("very-secret-key", "very-other-key", "very-secret-key")
    lines = logged(engine, "text", *[get(f"{JOBS}a", key) for key in keys])
    first, other, again = (re.search("caller [0-9a-f]{8}", line)[0] for line in lines)
    assert first == again != other


def test_error(engine):
    """A poll without a key: the error, that there is none, and no other header to be one."""
    (line,) = logged(engine, "text", get(f"{JOBS}a"))
    expected = ["a", "invalid_api_key (HTTP 400)", "mine.yaml", "key none", "no x-api-key"]
    assert fields(line) == expected


def test_fault(engine):
    """A fault has no HTTP status."""
    *_, line = logged(engine, "text", *[get(f"{JOBS}a", "k")] * 3)
    assert fields(line)[:2] == ["a", "timeout"]


def test_a_literal_reply_that_comes_next_is_named_by_its_status(engine):
    """Before it is answered, too."""
    reply = "{reply: {status_code: 429}, for: manual}"
    text = SCENARIO.replace("{fault: timeout, for: manual}", reply)
    *_, line = logged(Engine(parse(text), VirtualClock()), "text", *[get(f"{JOBS}a", "k")] * 2)
    assert fields(line)[-1] == "then at HTTP 429 until a manual step"


def test_anything_else(engine):
    """A request that is no poll: method, path and HTTP status, and no key."""
    (line,) = logged(engine, "text", get("/favicon.ico"))
    assert fields(line)[:3] == ["GET /favicon.ico", "HTTP 404", "mine.yaml"]


def test_notes(engine):
    """What the client did against the documented request ends the line."""
    (line,) = logged(engine, "text", get(f"{JOBS}a", "k")._replace(query="x=1"))
    assert fields(line)[-1] == "has a query string; the API documents none"


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_odd_in_a_small_file(form):
    """It is looked at before its line is written, and so the line says it."""
    asked, stream = Mock(SCENARIO, store=UploadStore()), io.StringIO()
    _, path = asked.create()
    with RequestLog(asked.engine, FORMATS[form], stream):
        asked.put(path, b"<!DOCTYPE html><title>")
    assert "looks like HTML" in stream.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_the_limit_of_jobs_is_told_once(form):
    """When it is reached, with the option that takes more; a poll's own note says which job."""
    engine = Engine(parse("jobs: {'*': {timeline: [{status: x}]}}"), VirtualClock(), jobs_max=2)
    lines = logged(engine, form, *[get(f"{JOBS}{job}", "k") for job in "abcd"])
    (told,) = [line for line in lines if "--jobs-max" in line]
    assert len(lines) == 5
    if form == "json":
        said = {"event": "limit_reached", "limit": "jobs", "message": LIMITS["jobs"]}
        assert json.loads(told) == said


@pytest.mark.parametrize("form", FORMATS)
def test_a_quiet_log_tells_of_limits_alone(form):
    """Whoever measures wants no line for each request, and still learns that jobs begin anew."""
    engine = Engine(parse("jobs: {'*': {timeline: [{status: x}]}}"), VirtualClock(), jobs_max=2)
    stream = io.StringIO()
    with RequestLog(engine, FORMATS[form], stream, quiet=True):
        for job in "abcd":
            engine.handle(get(f"{JOBS}{job}", "k"))
    (told,) = stream.getvalue().splitlines()
    assert "--jobs-max" in told


@pytest.mark.parametrize(("most", "lines"), [(DEFAULT_MAX, 0), (DEFAULT_MAX - 1, 1)])
def test_a_full_journal_is_told_where_its_size_was_chosen(most, lines):
    """One of the usual size is full in any longer run, and nothing is wrong; it is counted."""
    engine = Engine(parse("jobs: {a: {timeline: [{status: x}]}}"), journal_max=most)
    stream = io.StringIO()
    with RequestLog(engine, FORMATS["text"], stream, quiet=True):
        for _ in range(DEFAULT_MAX + 2):
            engine.handle(get(f"{JOBS}a", "k"))
    assert stream.getvalue().count("the journal is full") == lines
    assert engine.limits_reached() == {"journal": DEFAULT_MAX + 2 - most}


@pytest.mark.parametrize("form", FORMATS)
def test_one_line_each(engine, form):
    """Every request is one line, in order."""
    assert len(logged(engine, form, *[get(f"{JOBS}a", "k")] * 5)) == 5


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "hostile", ["%0Afake", "%1B%5B2J", "%E2%80%A8", "%C2%9B31m", "%00", "x" * 10_000]
)
def test_hostile_ids(engine, form, hostile):
    """No id begins a line, moves a cursor or fills a screen."""
    (line,) = logged(engine, form, get(JOBS + hostile, "k"))
    assert line.isprintable()
    assert form == "json" or len(line) < 500


def test_json(engine):
    """A JSON line holds the whole row of the journal; the wall's time, and the mock's in UTC."""
    engine.clock.advance(1_500_000_000)
    (line,) = logged(engine, "json", get(f"{JOBS}a", "very-secret-key"))
    row = json.loads(line)
    assert abs(datetime.fromisoformat(row.pop("time")) - datetime.now(UTC)) < timedelta(minutes=1)
    assert row == {
        "event": "poll",
        "number": 1,
        "mock_time": "2026-05-01T12:00:01.500+00:00",
        "seconds": 1.5,
        "method": "GET",
        "path": f"{JOBS}a",
        "job_id": "a",
        "status": "job_running",
        "error": None,
        "fault": None,
        "http_status": 200,
        "done": None,
        "source": "mine.yaml:4",
        "api_key": "very…",
        "caller": next(iter(engine.journal)).caller_name,
        "waits_for": "1 more poll",
        "notes": [],
    }


def test_json_of_anything_else(engine):
    """What is no poll is another event."""
    (line,) = logged(engine, "json", get("/favicon.ico"))
    assert (json.loads(line)["event"], json.loads(line)["path"]) == ("request", "/favicon.ico")


class Stuck(io.StringIO):
    """A stream whose first write waits until it is let go."""

    def __init__(self):
        super().__init__()
        self.writing, self.go = Event(), Event()

    def write(self, text):
        """Wait, then write."""
        self.writing.set()
        self.go.wait(10)
        return super().write(text)


@pytest.mark.parametrize(
    ("form", "said"), [("text", "… 5 requests left out"), ("json", '{"event": "left_out", "req')]
)
def test_lines_that_do_not_fit_are_counted(engine, form, said):
    """While nobody takes the lines, answers go on.

    Afterwards the log says how many lines are missing, and where.
    """
    stream = Stuck()
    with RequestLog(engine, FORMATS[form], stream):
        engine.handle(get(f"{JOBS}a", "k"))
        assert stream.writing.wait(10)
        for _ in range(MAX_WAITING + 5):
            engine.handle(get(f"{JOBS}a", "k"))
        stream.go.set()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 + 1 + MAX_WAITING
    assert lines[1].startswith(said)
    if form == "json":  # the oldest are left out, and those that stay are whole
        numbers = [json.loads(line)["number"] for line in lines[2:]]
        assert numbers == [*range(7, MAX_WAITING + 7)]
    assert engine.limits_reached()["log_lines"] == 5


class Told(io.StringIO):
    """A stream that tells when it was handed something."""

    def __init__(self):
        super().__init__()
        self.writing = Event()

    def write(self, text):
        """Take it."""
        self.writing.set()
        return super().write(text)


def test_many_lines_do_not_wait_for_their_time(engine, monkeypatch):
    """They are written before there are more than can wait, however late the next writing is."""
    monkeypatch.setattr("mock_p1.cli.request_log.FLUSH_SECONDS", 3600)
    stream = Told()
    with RequestLog(engine, FORMATS["text"], stream):
        for _ in range(MAX_WAITING // 2 + AT_ONCE):
            engine.handle(get(f"{JOBS}a", "k"))
        assert stream.writing.wait(10)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe has the room that it has")
def test_a_pipe_that_is_read_at_the_end(engine):
    """Whoever waits for the server's end before he reads finds all lines."""
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stream, open(reader, encoding="utf-8") as said:  # noqa: PTH123 -- no path
        with RequestLog(engine, FORMATS["text"], stream):
            for _ in range(5000):
                engine.handle(get(f"{JOBS}a", "k"))
        stream.close()
        assert len(said.readlines()) == 5000


def test_a_stream_that_never_takes_a_line(engine, monkeypatch):
    """The end does not wait for ever for a stream that is stuck."""
    monkeypatch.setattr("mock_p1.cli.request_log.END_SECONDS", 0.01)
    stream = Stuck()
    with RequestLog(engine, FORMATS["text"], stream):
        engine.handle(get(f"{JOBS}a", "k"))
        assert stream.writing.wait(10)
    assert stream.getvalue() == ""  # the write still waits
    stream.go.set()


class Slow:
    """A thread that writes a piece whenever it is waited for, and ends after some."""

    def __init__(self, log, pieces, *, is_at_it=True):
        self.log, self.pieces, self.is_at_it, self.waits = log, pieces, is_at_it, 0

    def start(self):
        """Begin."""

    def join(self, _seconds):
        """Write a piece, if there is one."""
        self.waits += 1
        self.log._writer.waits = self.is_at_it  # noqa: SLF001 -- as a reader does
        self.log._writer.pieces += self.waits <= self.pieces  # noqa: SLF001 -- what a slow reader does


@pytest.mark.parametrize(
    ("pieces", "is_at_it", "waits"),
    [(0, True, 1), (2, True, 3), (1000, True, END_WAITS), (0, False, END_WAITS)],
    ids=["stuck", "slow", "very slow", "not begun"],
)
def test_the_end_waits_while_lines_are_taken(engine, pieces, is_at_it, waits):
    """A reader that is slow gets the lines that wait, unless that takes very long.

    So does one that was handed none yet, since this machine is busy.
    """
    log = RequestLog(engine, FORMATS["text"], io.StringIO())
    log._thread = slow = Slow(log, pieces, is_at_it=is_at_it)  # noqa: SLF001 -- so that nothing really waits
    with log:
        pass
    assert slow.waits == waits


CHANGING = """\
jobs:
  a:
    timeline:
      - {status: p, for: 1203 polls}
      - {status: 1203 more polls, for: 3 polls}
      - {status: t, for: 1h2s}
      - {error: not_found_credential, for: 90s}
      - {status: 学習中, for: 1 poll}
    at_end: loop
"""


def test_every_line_says_what_the_journal_does():
    """Also where only polls or time that are left have changed since the last."""
    engine = Engine(parse(CHANGING), VirtualClock(), journal_max=10_000)
    minutes = 58 * 60 * SECOND
    turns = [1, 999_999, 1_000_000, minutes, SECOND, 2 * SECOND - 1, 88 * SECOND, 2 * SECOND]
    steps = [0] * 1210 + turns * 50
    streams = {form: io.StringIO() for form in FORMATS}
    with ExitStack() as stack:
        for form, stream in streams.items():
            stack.enter_context(RequestLog(engine, FORMATS[form], stream))
        for number, step in enumerate(steps):
            engine.clock.advance(step)
            engine.handle(get(f"{JOBS}a", "k"))
            if number % 300 == 299:
                engine.handle(get("/other"))
    said = {form: stream.getvalue().splitlines() for form, stream in streams.items()}
    for entry, text, row in zip(
        engine.journal, said["text"], map(json.loads, said["json"]), strict=True
    ):
        place = [f"then at {entry.then}"] if entry.waits_for else []
        assert not entry.operation or fields(text)[5:] == place
        assert row["waits_for"] == entry.waits_for
        assert (row["number"], row["seconds"]) == (entry.number, entry.moment_ns / SECOND)
        assert row["status"] == entry.status
    assert {entry.status for entry in engine.journal} >= {"p", "1203 more polls", "t", "学習中"}


@pytest.mark.parametrize("form", FORMATS)
def test_each_line_has_its_own_time(engine, monkeypatch, form):
    """To the millisecond, of the wall and of the mock, whichever goes on, or back."""
    walls = [0.0, 0.0004, 0.0006, 0.0012, 0.0012, 0.0012, 0.0004, 5.0]
    turns = [0, 400_000, 1_000_000, 599_999, 500, 999_999, 0, 2 * SECOND]
    start = 1_777_636_800.0004
    times = iter(walls)
    monkeypatch.setattr("mock_p1.cli.request_log.time.time", lambda: start + next(times))
    stream = io.StringIO()
    log = RequestLog(engine, FORMATS[form], stream)
    with log:
        for turn in turns:
            engine.clock.advance(turn)
            engine.handle(get(f"{JOBS}a", "k"))
    lines = stream.getvalue().splitlines()
    for line, wall, entry in zip(lines, walls, engine.journal, strict=True):
        here = datetime.fromtimestamp(start + wall, UTC).astimezone()
        shown = here.isoformat(timespec="milliseconds")
        there = engine.clock.date_at(entry.moment_ns)
        if form == "json":
            assert json.loads(line)["time"] == shown
            assert json.loads(line)["mock_time"] == there.isoformat(timespec="milliseconds")
        else:
            time_of_day, mock = shown.partition("T")[2], there.astimezone()
            other = f" (mock {mock:%Y-%m-%d %H:%M:%S})" if abs(there - here).seconds else ""
            assert line.partition("  ")[0] == f"{time_of_day}{other}"


def test_forms_are_bounded(engine, monkeypatch):
    """A client that asks for ever new things fills no memory, and has its lines."""
    monkeypatch.setattr("mock_p1.cli.log_lines.MAX_FORMS", 3)
    lines = Lines(FORMATS["text"], engine.clock)
    for number in range(20):
        engine.handle(get(f"/{number}"))
        newest = list(engine.journal)[-1]
        assert f"GET /{number}  HTTP 404" in lines.of([(newest, 0.0)]).decode()
        assert len(lines._forms) <= 3  # noqa: SLF001 -- nothing else shows it


def test_a_stream_that_is_closed(engine):
    """A log that cannot be written is given up without an error."""
    stream = io.StringIO()
    stream.close()
    with RequestLog(engine, FORMATS["text"], stream):
        engine.handle(get(f"{JOBS}a", "k"))


@pytest.mark.parametrize("buffering", [0, -1], ids=["unbuffered", "buffered"])
def test_around_the_buffer(engine, tmp_path, buffering):
    """A real stream is written around its buffer, in its own encoding, whatever that lacks."""
    file = tmp_path / "log"
    with io.TextIOWrapper(
        file.open("wb", buffering=buffering), encoding="ascii", write_through=True
    ) as stream:
        with RequestLog(engine, FORMATS["text"], stream):
            engine.handle(get(f"{JOBS}a", "very-secret-key"))
        assert "key very?" in file.read_text(encoding="ascii")


@pytest.mark.posix
def test_a_pipe_is_written_in_whole_lines(monkeypatch):
    """Each piece is one that the system writes whole, so lines of other writers come in between.

    What it has not taken of a piece comes next, alone.
    """
    read, write = os.pipe()
    pieces = []
    with (
        io.FileIO(read),
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(write, "w")), "utf-8") as stream,
    ):
        writer, raw = Writer(stream), Pieces(stream.buffer.raw, pieces)
        monkeypatch.setattr(writer, "_raw", raw)
        lines = b"x" * 1000 + b"\n" + b"y" * 3000 + b"\n" + b"z" * 4000 + b"\n"
        writer.write(lines)
        writer.write(b"w" * 10_000 + b"\n")
        raw.most = 3000
        writer.write(lines)
    assert [len(piece) for piece in pieces[:2]] == [4002, 4001]
    assert b"".join(pieces[2:-4]) == b"w" * 10_000 + b"\n"
    assert [len(piece) for piece in pieces[-4:]] == [3000, 1002, 3000, 1001]
    assert b"".join(pieces[-4:]) == lines


class Pieces:
    """A pipe's end that notes what it takes of what it is handed."""

    most = 1_000_000

    def __init__(self, raw, pieces):
        self.fileno, self._pieces = raw.fileno, pieces

    def write(self, piece):
        """Take it, or the first of it."""
        taken = bytes(piece[: self.most])
        self._pieces.append(taken)
        return len(taken)


class Full(io.StringIO):
    """A disk that is full for some time."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def write(self, text):
        """Fail at the first times."""
        self.times -= 1
        if self.times >= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@pytest.mark.parametrize("times", [1, 2])
def test_a_disk_that_is_full_for_a_moment_ends_nothing(engine, times):
    """The lines are counted as left out, which the next ones say; all of them."""
    stream = Full(times)
    log = RequestLog(engine, FORMATS["text"], stream)
    engine.journal.keep = log._noting(engine.journal.keep)  # noqa: SLF001 -- without its thread
    for _ in range(times + 1):
        engine.handle(get(f"{JOBS}a", "k"))
        log._flush()  # noqa: SLF001 -- likewise
    first, second = stream.getvalue().splitlines()
    requests = "1 request" if times == 1 else f"{times} requests"
    assert first == f"… {requests} left out here: the log was read too slowly"
    assert "  a  " in second
    assert engine.state.reached["log_lines"] == times


def test_off(engine):
    """Without a log the journal does nothing but keep its entries."""
    assert engine.journal.keep.__self__ is engine.journal._entries  # noqa: SLF001 -- the point: no step in between
