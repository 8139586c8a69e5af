"""``mock-p1 poll``: a small client, for demonstrations, scripts and CI."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import quote, urlencode

import click

from mock_p1.base.text import mask, plural, visible
from mock_p1.base.whole_files import write_whole
from mock_p1.cli.options import STOPPED, ca_file_option, command, duration, timeout_option
from mock_p1.contract.operations import (
    API_KEY_HEADER,
    FINISHED,
    GET_API_KEY,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
)
from mock_p1.verify.answer import (
    MOST_BYTES,
    Answer,
    Call,
    Client,
    asked_wait_seconds,
    describe,
    error_of,
    json_object,
)
from mock_p1.verify.credentials import check_job_id, check_key, hide_keys
from mock_p1.verify.exceptions import Unreachable
from mock_p1.verify.preflight import PROXY_DEMANDS_LOGIN, other_than_api
from mock_p1.verify.url import base_url

if TYPE_CHECKING:
    from collections.abc import Callable


FAILED: Final = "job_failed"
REFUSED, TOO_LATE = 1, 3
"""Exit statuses, as `verify` has them."""

FIRST_TRIES: Final = 3
"""Where nothing has ever answered, it is asked no more often."""

MOST_OF_RESULT: Final = 1_000_000_000
TOO_MANY, BAD, SERVER_ERROR, REDIRECT = 429, 400, 500, 300  # of HTTP
FORBIDDEN: Final = 403
LINK_STATUSES: Final = (FORBIDDEN, 404, 410)
"""How a link says that it has expired; the next poll brings a new one."""


@command()
@click.argument("url", envvar="MOCK_P1_URL")
@click.option("--api-key", metavar="KEY", help="A key that works.")
@click.option("--secret-key", metavar="KEY", help="Get an API key by this one first.")
@click.option("--model-id", type=int, metavar="N", help="With --secret-key: the model.")
@click.option("--job-id", metavar="ID", help="The job to poll.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Instead of --job-id: send this file, which begins a retraining, and poll its job.",
)
@click.option("--every", default="10s", type=duration, help="Time from one poll to the next.")
@click.option("--limit", default="3h", type=duration, help="Give up after so long.")
@timeout_option("30s")
@click.option(
    "--download",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the result here; a file that is there is not overwritten.",
)
@click.option("--switch", is_flag=True, help="At the end, switch to the new model.")
@ca_file_option
@click.option(
    "--json", "as_json", is_flag=True, envvar="MOCK_P1_JSON", help="Print JSON, a line an event."
)
@click.pass_context
def poll(
    ctx: click.Context,
    /,
    *,
    url: str,
    as_json: bool,
    ca_file: Path | None,
    **options: Any,  # noqa: ANN401 -- click's values
) -> None:
    """Poll a job at URL until it has ended; or play the whole sequence, by --file.

    URL is a base URL, such as http://127.0.0.1:8191, of the mock or of the real service. Without
    --file and --switch it changes nothing there. It tries again where the network or the service is
    in trouble, and waits as Retry-After says. No whole key is shown.

    \b
    Exit status:
      0    the job has finished, and what was asked for is done
      1    the job has failed, or the service has refused a call
      2    usage
      3    the end was not seen within --limit, or nothing answers at URL
      130  stopped by Ctrl-C
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    from mock_p1.verify.client import HttpClient  # noqa: PLC0415 -- loads requests

    _check(**options)
    tell = _tell_json if as_json else _tell_text
    began = time.monotonic()

    keys = [key for key in (options["api_key"], options["secret_key"]) if key]

    def said(event: str, /, **fields: Any) -> None:  # noqa: ANN401 -- any JSON
        if event == "poll":  # what the service says may be called as ours is, and comes first
            fields = {**fields["reply"], "has_link": fields["has_link"]}
        shown = json.loads(hide_keys(json.dumps(fields, ensure_ascii=False), keys))
        shown.pop("seconds", None)
        tell(event, {"seconds": round(time.monotonic() - began, 3), **shown})

    pace = {name: options.pop(name) for name in ("every", "limit", "timeout")}
    client = _Client(base_url(url), HttpClient(ca_file=ca_file), said, **pace)
    try:
        _play(client, said, **options)
        said("end", outcome="finished", exit_status=0)
    except _Ended as ended:
        said("end", outcome=ended.outcome, exit_status=ended.exit_status, reason=ended.reason)
        ctx.exit(ended.exit_status)
    except KeyboardInterrupt:
        said("end", outcome="stopped", exit_status=STOPPED)
        ctx.exit(STOPPED)


class _Ended(Exception):  # noqa: N818 -- no error: it has come to this
    """It ends here, by this exit status and for this reason."""

    def __init__(self, outcome: str, exit_status: int, reason: str, http_status: int = 0) -> None:
        super().__init__(reason)
        self.outcome, self.exit_status, self.reason = outcome, exit_status, reason
        self.http_status = http_status


def _check(  # noqa: PLR0913 -- the command's options
    *,
    api_key: str | None,
    secret_key: str | None,
    model_id: int | None,
    job_id: str | None,
    file: Path | None,
    download: Path | None,
    **_: object,
) -> None:
    """Refuse what cannot be meant, before anything is asked."""
    check_key("--api-key", api_key)
    check_key("--secret-key", secret_key)
    check_job_id("--job-id", job_id)
    if api_key is None and (secret_key is None or model_id is None):
        raise click.UsageError("give --api-key, or --secret-key and --model-id")
    if (job_id is None) == (file is None):
        raise click.UsageError("give one of --job-id and --file, which creates a job")
    if download is not None and os.path.lexists(download):
        raise click.BadParameter(f"{download} is there already", param_hint="--download")
    if download is not None and not download.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {download.parent}", param_hint="--download")


class _Client:
    """Makes calls, again and again where that may help."""

    def __init__(  # noqa: PLR0913 -- the command's options
        self,
        base: str,
        http: Client,
        said: Callable[..., None],
        *,
        every: float,
        limit: float,
        timeout: float,
    ) -> None:
        self.base, self._http, self._said = base, http, said
        self._every, self._timeout = every, timeout
        self._deadline = time.monotonic() + limit
        self._limit, self._was_answered = limit, False
        self.lost = 0
        """How many calls had no answer."""

    def ask(self, method: str, path: str, key: str, **query: object) -> dict[str, Any]:
        """Return the JSON object that a call of the API is answered with."""
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        call = Call(method, url, {API_KEY_HEADER: key})
        return json_object(self._until(call, lambda answer: json_object(answer) is not None)) or {}

    def link(self, call: Call, most: int = MOST_BYTES) -> Answer:
        """Return what a link is answered with, whole: half of it is an answer that broke off."""
        return self._until(call, lambda _: True, most)

    def wait(self, seconds: float = 0) -> None:
        """Wait for the time between two polls, or longer; end where there is none left."""
        seconds = max(seconds, self._every)
        if time.monotonic() + seconds > self._deadline:
            raise _Ended(
                "too late",
                TOO_LATE,
                f"the next call, {seconds:g} s later, would come after the limit of "
                f"{self._limit:g} s",
            )
        time.sleep(seconds)

    def _until(
        self, call: Call, is_usable: Callable[[Answer], bool], most: int = MOST_BYTES
    ) -> Answer:
        while True:
            after = 0.0
            try:
                left = max(self._deadline - time.monotonic(), 0.001)
                answer = self._http.send(call, seconds=min(self._timeout, left), most=most)
            except Unreachable as error:
                trouble = str(error)
                self.lost += 1
                if not self._was_answered and self.lost >= FIRST_TRIES:
                    raise _Ended("not reached", TOO_LATE, trouble) from None
            else:
                self._was_answered = True
                trouble = describe(answer)
                after = asked_wait_seconds(answer)
                if answer.status == PROXY_DEMANDS_LOGIN:
                    raise _Ended("not reached", TOO_LATE, f"{self.base} {other_than_api(answer)}")
                _refuse(answer)
                if answer.status < BAD and is_usable(answer):
                    return answer
            self._said("trouble", reason=trouble)
            self.wait(after)


def _refuse(answer: Answer) -> None:
    """End where the service has said no, and would say it again."""
    error = error_of(answer)
    if error.name is not None and answer.status != TOO_MANY:
        _refused(str(error.message), answer)
    in_trouble = answer.status == TOO_MANY or answer.status >= SERVER_ERROR
    if answer.status >= REDIRECT and not in_trouble:
        _refused(describe(answer), answer)


def _refused(reason: str, answer: Answer) -> NoReturn:
    raise _Ended("refused", REFUSED, reason, answer.status)


def _play(  # noqa: PLR0913 -- the command's options
    client: _Client,
    said: Callable[..., None],
    *,
    api_key: str | None,
    secret_key: str | None,
    model_id: int | None,
    job_id: str | None,
    file: Path | None,
    download: Path | None,
    switch: bool,
) -> None:
    """Play as much of the sequence as was asked for; _Ended where it comes to another end."""
    if api_key is None:
        asked = {"credential_type": "retrain", "model_id": model_id}
        issued = client.ask("GET", GET_API_KEY.template, secret_key or "", **asked)
        api_key = _text(issued, "api_key")
        said("key", api_key=mask(api_key), end_date=issued.get("end_date"))
    if file is not None:
        created = client.ask("GET", RETRAIN_DATA_UPLOAD.template, api_key, filename=file.name)
        job_id, upload_url = _text(created, "retrain_job_id"), _text(created, "upload_url")
        said("job", retrain_job_id=job_id)
        _upload(client, said, Call("PUT", upload_url, {}, file))
        said("upload", file=file.name, bytes=file.stat().st_size)
    path = quote(job_id or "", safe="")
    job = RETRAIN_STATUS_CHECK.url_path(retrain_job_id=path)
    reply = _until_the_end(client, said, job, api_key, needs_link=download is not None)
    if download is not None:
        try:
            content = client.link(Call("GET", reply["download_url"], {}), MOST_OF_RESULT).body
        except _Ended as ended:
            if ended.http_status not in LINK_STATUSES:
                raise
            said("trouble", reason=f"{ended.reason}; the next poll brings a new link")
            client.wait()
            reply = _until_the_end(client, said, job, api_key, needs_link=True)
            content = client.link(Call("GET", reply["download_url"], {}), MOST_OF_RESULT).body
        _write(download, content)
        said("download", file=str(download), bytes=len(content))
    if switch:
        switched = RETRAIN_MODEL_SWITCH.url_path(retrain_job_id=path)
        client.ask(RETRAIN_MODEL_SWITCH.method, switched, api_key)
        said("switch", retrain_job_id=job_id)


def _upload(client: _Client, said: Callable[..., None], call: Call) -> None:
    """Send the file; a 403 behind a call without an answer says that it has come by then."""
    lost = client.lost
    try:
        client.link(call)
    except _Ended as ended:
        if ended.http_status != FORBIDDEN or client.lost == lost:
            raise
        said("trouble", reason=f"{ended.reason}; it has come before, only the answer was lost")


def _text(reply: dict[str, Any], name: str) -> str:
    value = reply.get(name)
    if not isinstance(value, str) or not value:
        raise _Ended("refused", REFUSED, f"the reply has no {name}")
    return value


def _until_the_end(
    client: _Client, said: Callable[..., None], job: str, key: str, *, needs_link: bool
) -> dict[str, Any]:
    """Poll until the job has finished, and has a link if one is needed; return its last reply."""
    while True:
        reply = client.ask("GET", job, key)
        shown = {k: v for k, v in reply.items() if k not in ("metadata", "download_url")}
        has_link = isinstance(reply.get("download_url"), str) and bool(reply["download_url"])
        said("poll", reply=shown, has_link=has_link)
        status = reply.get("status")
        if status == FAILED:
            raise _Ended("failed", REFUSED, str(reply.get("message", FAILED)))
        if status == FINISHED and (has_link or not needs_link):
            return reply
        client.wait()


def _write(file: Path, content: bytes) -> None:
    """Write a file whole, or not at all."""
    try:
        write_whole({file: content})
    except OSError as error:
        raise _Ended(
            "not written", REFUSED, f"{file} cannot be written: {error.strerror or error}"
        ) from None


def _tell_json(event: str, fields: dict[str, Any]) -> None:
    click.echo(json.dumps({"event": event, **{k: v for k, v in fields.items() if k != "event"}}))


def _tell_text(event: str, fields: dict[str, Any]) -> None:
    click.echo(f"{fields['seconds']:8.1f} s  {visible(_SENTENCES[event](fields))}")


def _poll_text(fields: dict[str, Any]) -> str:
    others = {k: v for k, v in fields.items() if k not in ("seconds", "status", "has_link")}
    return "  ".join([f"{fields.get('status')}", *(f"{k}: {v}" for k, v in others.items())])


_SENTENCES: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "key": lambda it: f"API key {it['api_key']}, until {it['end_date']}",
    "job": lambda it: f"job {it['retrain_job_id']}",
    "upload": lambda it: f"sent {it['file']}, {plural(it['bytes'], 'byte')}",
    "poll": _poll_text,
    "trouble": lambda it: f"again, after: {it['reason']}",
    "download": lambda it: f"wrote {it['file']}, {plural(it['bytes'], 'byte')}",
    "switch": lambda it: f"switched to the model of {it['retrain_job_id']}",
    "end": lambda it: f"{it['outcome']}{': ' * ('reason' in it)}{it.get('reason', '')}",
}
