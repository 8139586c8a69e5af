"""What ``mock-p1 record`` does: it polls, or listens, and writes the scenario."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from mock_p1.base.text import plural
from mock_p1.cli.command_error import Failure
from mock_p1.cli.language import said
from mock_p1.cli.options import STOPPED
from mock_p1.recording.appending import appended, check_appendable
from mock_p1.recording.job_recorder import JobRecorder, RecordedJobCall, SeenJob, call_of
from mock_p1.recording.proxied_calls import ProxiedCalls
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.recording_file import CannotWrite, check_writable, write_recording
from mock_p1.recording.recording_proxy import RecordingProxy
from mock_p1.recording.scenario_text import scenario_of, scenario_text
from mock_p1.recording.seen_result import SeenResult, fetch_result
from mock_p1.scenario.files import read_scenario
from mock_p1.scenario.model import wrong_id
from mock_p1.scenario.result_files import files_beside
from mock_p1.verify.client import HttpClient
from mock_p1.verify.exceptions import Unreachable, UsageError
from mock_p1.verify.pace import Pace
from mock_p1.verify.url import base_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mock_p1.recording.seen import Seen
    from mock_p1.scenario.document import Attach

NOT_REACHED: Final = 3

RESULT_SECONDS: Final = 600.0
"""How long the download of a result may take in all."""


def record_service(ctx: click.Context, /, *, output: Path, **options: Any) -> None:  # noqa: ANN401 -- click's values
    """Record a job, or what a client does; the command's help page tells of the options."""
    if options["with_result"] and options["no_result"]:
        raise click.UsageError("--with-result and --no-result exclude each other")
    if options["append"] and options["force"]:
        raise click.UsageError("--append and --force exclude each other")
    try:
        with _signals_stop():
            if options.pop("proxy"):
                _record_client(ctx, output, **options)
            else:
                del options["host"], options["port"]
                _record_job(ctx, output, **options)
    except CannotWrite as error:
        raise Failure(str(error)) from None
    except Unreachable as error:
        click.echo(said(f"Could not reach: {error}"), err=True)
        ctx.exit(NOT_REACHED)
    except KeyboardInterrupt:
        click.echo(said(f"Stopped; {output} is not written."), err=True)
        ctx.exit(STOPPED)


def _record_job(  # noqa: PLR0913 -- the command's options
    ctx: click.Context,
    output: Path,
    *,
    url: str,
    job_id: str | None,
    api_key: str | None,
    every: float,
    limit: float,
    timeout: float,
    until: tuple[str, ...],
    with_result: bool,
    no_result: bool,
    hide_messages: bool,
    force: bool,
    append: bool,
    ca_file: Path | None,
) -> None:
    call = _call(url, api_key, job_id)
    client = HttpClient(ca_file=ca_file, agent="mock-p1-record")
    before = read_scenario(output, is_file=True) if append and output.exists() else None
    if before is not None:
        check_appendable(before, call.job_id)
    kept = result_path(output, is_free=append) if with_result else None
    check_writable([output], replace=force or before is not None)
    check_writable([kept] if kept else [], replace=force)
    recorder = JobRecorder(
        client,
        call,
        Pace(timeout=timeout, limit=limit),
        every_seconds=every,
        until=until,
        tell=_tell,
    )
    _tell(f"recording {call.job_id}; Ctrl-C ends it and writes what was seen")
    job = recorder.record()
    if not job.polls:
        raise KeyboardInterrupt
    result, attempts = None, list[Any]()
    if job.link and not no_result and not job.was_stopped:
        result, attempts = _fetched(client, job)
    if kept and result:
        kept = kept.with_name(kept.stem + result.suffix)
        check_writable([kept], replace=force)
    names = Pseudonyms(hide_messages=hide_messages)
    names.key(call.api_key)
    recorded = scenario_of(
        job, call.base, every, result, attempts, kept.name if kept and result else ""
    )
    contents = {kept: result.content} if kept and result else {}
    if before is None:
        text = scenario_text(recorded, names)
    else:
        attach = files_to_be(output, {file.name: content for file, content in contents.items()})
        try:
            text = appended(before, recorded, job, names, every, attach)
        except UsageError:
            click.echo(scenario_text(recorded, names))
            raise
    write_or_show(output, text, contents)
    _tell(f"{output} is written: {plural(len(job.polls), 'poll')}; {job.why}")
    if not (job.ended or job.was_stopped):
        ctx.exit(NOT_REACHED)


def _record_client(  # noqa: PLR0913 -- the command's options
    ctx: click.Context,
    output: Path,
    *,
    url: str,
    host: str,
    port: int,
    limit: float,
    timeout: float,
    with_result: bool,
    hide_messages: bool,
    force: bool,
    ca_file: Path | None,
    **others: Any,  # noqa: ANN401 -- click's values
) -> None:
    """Pass on what a client asks until Ctrl-C or the limit, and write what was answered."""
    for name in ("job_id", "api_key", "until", "no_result", "append"):
        given = ctx.get_parameter_source(name)
        if others[name] and given == click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"--proxy makes no use of --{name.replace('_', '-')}")
    base = base_url(url)
    check_writable([output], replace=force)
    try:
        proxy = RecordingProxy(
            base,
            host=host,
            port=port,
            timeout=timeout,
            ca_file=ca_file,
            tell=_tell,
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Failure(f"{host}:{port} cannot be listened on: {reason}; try --port 0") from None
    _tell(f"your client's base URL is {proxy.url}; Ctrl-C ends it and writes {output}")
    end = threading.Timer(limit, proxy.stop)
    end.daemon = True
    end.start()
    try:
        proxy.run()
    except KeyboardInterrupt:
        pass
    finally:
        end.cancel()
        proxy.close()
    exchanges = proxy.exchanges
    if not exchanges:
        raise Unreachable("no client has asked anything; nothing is written")
    names = Pseudonyms(hide_messages=hide_messages)
    calls = ProxiedCalls(exchanges, names)
    files: dict[str, str] = {}
    contents: dict[Path, bytes] = {}
    for number, (job_id, result) in enumerate(calls.results.items() if with_result else (), 1):
        path = output.with_name(f"{output.stem}-result-{number}{result.suffix}")
        files[job_id], contents[path] = path.name, result.content
    check_writable(contents, replace=force)
    write_or_show(output, scenario_text(calls.scenario(exchanges, base, files), names), contents)
    _tell(f"{output} is written: {plural(len(exchanges), 'call')}")


def _call(url: str, api_key: str | None, job_id: str | None) -> RecordedJobCall:
    """Return what is to be polled. UsageError where it cannot be, or not be written."""
    if not job_id:
        raise UsageError("give the job by --job-id")
    call = call_of(url, api_key, job_id)
    if "*" in job_id:
        raise UsageError("--job-id: a * in an id of a scenario stands for any characters")
    if why := wrong_id(job_id):
        raise UsageError(f"--job-id: {why}")
    return call


def _fetched(client: HttpClient, job: SeenJob) -> tuple[SeenResult | None, list[Seen]]:
    """Fetch the result; Ctrl-C leaves it, and what was seen of the job is written all the same."""
    _tell("fetching the result, to describe it")
    try:
        return fetch_result(client, job.link, Pace(timeout=RESULT_SECONDS, limit=RESULT_SECONDS))
    except KeyboardInterrupt:
        _tell("the result is left out")
        return None, []


def result_path(output: Path, *, is_free: bool = False) -> Path:
    """Return where the result of a recording is kept: beside it; with ``is_free``, a new name."""
    path, number = output.with_name(f"{output.stem}-result.zip"), 1
    while is_free and path.exists():
        number += 1
        path = output.with_name(f"{output.stem}-result-{number}.zip")
    return path


def files_to_be(output: Path, new: dict[str, bytes]) -> Attach:
    """Return what reads result files beside a scenario, those yet to be written among them."""
    there = files_beside(output.parent)
    return lambda name: new[name] if name in new else there(name)


def write_or_show(output: Path, text: str, others: dict[Path, bytes]) -> None:
    """Write a recording. Where that fails, print it: hours may stand in it."""
    try:
        write_recording({**others, output: text.encode()})
    except CannotWrite as error:
        click.echo(text)
        raise CannotWrite(f"{error}; what was recorded is printed above instead") from None


@contextmanager
def _signals_stop() -> Iterator[None]:
    """Let SIGTERM, and Windows' Ctrl-Break, do what Ctrl-C does, if this thread hears it.

    SIGINT too: a shell has it ignored by what a script starts in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(text: str) -> None:
    click.echo(text, file=sys.stderr)
