"""Servers that are measured: those that are not there are named, and nothing fails for it."""

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import contenders, started
from benchmarks.contenders import BODY, BY_NAME, CONTENDERS, NGINX, OURS, Contender, Place

IN_PYTHON = {
    OURS, contenders.LOGGED, contenders.CONSTANT, contenders.UVICORN, "Flask, waitress",
}  # fmt: skip
RIGHT = f"""
import http.server, sys
class Right(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write({BODY.encode()!r})
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Right).serve_forever()
"""


def of_code(name, code):
    """A contender that is a program."""
    return Contender(name, "", lambda place: [sys.executable, "-c", code, str(place.port)])


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - IN_PYTHON))
def test_a_peer_that_is_not_installed(name, tmp_path, monkeypatch):
    """It says what to do about it."""
    monkeypatch.setattr(contenders, "PEERS", tmp_path)
    monkeypatch.setattr(contenders, "PEERS_PYTHON", tmp_path / "python")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(LookupError, match=r"not installed: (python -m|apt install) "):
        BY_NAME[name].command(Place(tmp_path, 1, 2))


def test_those_that_are_not_there_are_left_out(capsys):
    """They are named, with the reason; the others are measured."""

    def missing(_):
        raise LookupError("not installed: apt install it")

    absent, broken = Contender("absent", "", missing), of_code("broken", "print('no, thank you')")
    with ExitStack() as stack:
        running = started.all_started(stack, (absent, of_code("right", RIGHT), broken))
        assert [each.contender.name for each in running] == ["right"]
        assert running[0].ready_seconds > 0
        assert running[0].megabytes() > 1
    said = capsys.readouterr().out
    assert "left out: absent: not installed: apt install it" in said
    assert "left out: broken: does not answer as it should: no, thank you" in said


def test_without_ours_there_is_no_measuring():
    """The run ends with what went wrong."""
    with ExitStack() as stack, pytest.raises(SystemExit, match=r"mock-p1 serve: .* ouch"):
        started.all_started(stack, (of_code(OURS, "print('ouch')"),))


def test_files_of_a_contender(tmp_path):
    """They stand in its folder, with its ports; JSON is JSON."""
    place = Place(tmp_path, 8081, 8082)
    for contender in CONTENDERS:
        for name, text in contender.files.items():
            if name.endswith(".json"):
                json.loads(place.with_ports(text).replace("PORT", "1"))
    assert "listen 127.0.0.1:8081;" in place.with_ports(BY_NAME[NGINX].files["nginx.conf"])
    assert place.with_ports("SPARE") == "8082"


def test_all_give_the_same_body():
    """What we answer is what stands in the files of the others."""
    for name in (NGINX, contenders.WIREMOCK, "mountebank", "Prism", "Mockoon", "granian"):
        (text,) = BY_NAME[name].files.values()
        assert "job_running" in text
        assert "job-000001" in text


def test_versions_are_pinned():
    """Of every peer that the command installs."""
    folder = Path(contenders.__file__).parent / "peers"
    wanted = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all("==" in line for line in wanted)
    listed = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert all(number[0].isdigit() for number in listed.values())
