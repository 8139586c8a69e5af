"""The dashboard says the journal's notes in Japanese: its catalogue has each of them."""

import io
import json
import re
import shutil
import subprocess
import zipfile

import pytest
from helpers.engine_mock import PATH, Mock
from helpers.invalid_pieces import INVALID

from mock_p1 import ScenarioError, load_scenario
from mock_p1.admin.dashboard import FOLDER
from mock_p1.cli import translation
from mock_p1.cli.translation import Translation
from mock_p1.engine.failures import AFTER, BEFORE, NOT_LOST
from mock_p1.engine.file_store import IS_A_FORM
from mock_p1.engine.journal import BY_HAND, HAD_CLOSED, NOT_AWAITED, NOT_TAKEN
from mock_p1.engine.key_leak import KEY_LEAK
from mock_p1.server.upload_content import inspect_content

CATALOGUE = json.loads((FOLDER / "ja.json").read_text(encoding="utf-8"))
MESSAGES = CATALOGUE["messages"]
SPEAKER = Translation(MESSAGES)
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(r"(?<![\w.'\"/{-])[a-z]{2,} [a-z]{2,}(?![\w.'\"(/-])", re.ASCII)


def is_said(note):
    """Tell whether the catalogue has a note."""
    said = SPEAKER.message(note)
    return bool(JAPANESE.search(said)) and not ENGLISH.search(said)


MANY = (
    "filename begins or ends with a blank: a.csv is not a valid x.: its query has has foo bar "
    "baz with more or fewer values than its header (x), the first in line a.csv is empty, which "
    "is none of its options, or one the mock sets itself: "
) * 4
"""A text as a client can make it: in each of its places may stand another one."""


def test_a_text_of_many_is_not_looked_for_without_end(monkeypatch):
    """Whoever looks at the dashboard would wait for minutes."""
    looked_at, english_in = [], translation._english_in  # noqa: SLF001 -- the work that is done

    def counted(text):
        looked_at.append(text)
        return english_in(text)

    monkeypatch.setattr(translation, "_english_in", counted)
    assert Translation(MESSAGES).message(MANY)
    assert 100 < len(looked_at) < 5000


@pytest.mark.slow
def test_the_page_speaks_as_the_command_line_does(tmp_path):
    """Its script says every text as the command line would, by the same catalogue."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node, to run the dashboard's script")
    shutil.copy(FOLDER / "messages.js", tmp_path / "messages.mjs")
    texts = [
        *MESSAGES,
        "unknown key 'a'; known: b, c; did you mean b?",
        "",
        "{",
        "}}{{",
        "a; b",
        MANY,
    ]
    for path in INVALID:
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path)
        texts += [problem.text for problem in caught.value.problems]
    script = (
        "import { speaker } from './messages.mjs'; import fs from 'fs';"
        "const { messages, texts } = JSON.parse(fs.readFileSync(0));"
        "console.log(JSON.stringify(texts.map(speaker(messages))))"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", script],
        cwd=tmp_path,
        input=json.dumps({"messages": MESSAGES, "texts": texts}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert json.loads(done.stdout) == [SPEAKER.message(text) for text in texts]


@pytest.mark.parametrize(
    "note",
    [BY_HAND, AFTER, BEFORE, NOT_LOST, IS_A_FORM, HAD_CLOSED, NOT_AWAITED, NOT_TAKEN, KEY_LEAK],
)
def test_notes_that_are_always_alike(note):
    """Each has its line."""
    assert is_said(note)


ODD = [
    ("GET", f"{PATH}a", "x=1", {"has_body": True}),
    ("GET", f"{PATH}{{retrain_job_id}}", "", {}),
    ("GET", "/v1/external/api-key", "credential_type=x&model_id=one&y=1&z=2", {}),
    ("GET", "/v1/external/api-key", "model_id=1&model_id=2", {}),
    ("GET", "/v1/external/api-key", "x=1&model_id=" + "1" * 40, {}),
    ("GET", f"{PATH}upload_url", "", {}),
    ("GET", f"{PATH}upload_url", "filename=", {}),
    ("GET", f"{PATH}upload_url", "filename=%EF%BB%BFa%0A", {}),
    ("GET", f"{PATH}upload_url", "filename=%20%01%FF", {}),
    ("GET", f"{PATH}upload_url", "filename=%E6%97%A5/..", {}),
    ("GET", f"{PATH}upload_url", "filename=..", {}),
    ("GET", f"{PATH}upload_url", "filename=" + "a" * 300, {}),
    ("GET", "/nothing", "", {}),
    ("GET", "/v1/external/retrain_job", "", {}),
    ("DELETE", f"{PATH}a", "", {}),
]


@pytest.mark.parametrize(("method", "path", "query", "more"), ODD)
def test_what_is_noted_of_odd_requests(method, path, query, more):
    """Whatever stands in the places of its note."""
    mock = Mock("jobs: {a: {timeline: [{status: s}]}}\nnew_jobs: {ids: [b]}\n")
    mock.ask(path, "k", "l", method=method, query=query, **more)
    (entry,) = mock.engine.journal
    assert entry.notes
    assert [note for note in entry.notes if not is_said(note)] == []


@pytest.mark.parametrize(
    ("keys", "headers"), [((), ()), ((), [(b"x-apikey", b"k"), (b"api-key", b"k")]), (("",), ())]
)
def test_what_is_noted_of_a_key_that_is_not_there(keys, headers):
    """None, one under other names, and an empty one."""
    mock = Mock("jobs: {a: {timeline: [{status: s}]}}\n")
    mock.ask(f"{PATH}a", *keys, headers=headers)
    (entry,) = mock.engine.journal
    assert len(entry.notes) == 1
    assert is_said(entry.notes[0])


def zipped(**members):
    """A ZIP with these members, by their names with _ for /."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return content.getvalue()


TABLE = "id,x\n" + "1,2\n" * 200
FILES = [
    ("a.csv", b""),
    ("a.csv", b"id,x\n1,2\n"),
    ("a.csv", b"id\n" + b"1\n" * 200),
    ("a.csv", b"id,x\n1,2,3\n" + b"1,2\n" * 200),
    ("a.csv", TABLE.replace("1", "é").encode()),
    ("a.csv", b"\xef\xbb\xbf" + TABLE.encode() + b"\xff"),
    ("a.csv", TABLE.encode() + b"\xff\xff"),
    ("a.csv", b"id,x\n1,\0\n" * 200),
    ("a.csv", b'id,x\n1,"' + b"x" * 2_000_000),
    ("a.csv", b'{"a": 1}'),
    ("a.csv", b"<html>"),
    ("a.csv", b"\x1f\x8b"),
    ("a.csv", b"\xff\xfea"),
    ("a.csv", b"--x\r\nContent-Disposition: form-data"),
    ("a.zip", TABLE.encode()),
    ("a.csv", zipped(train_src__a=TABLE, eval_src__a=TABLE)),
    ("a.zip", zipped(train_src__a=TABLE, train_src__b=TABLE, other=TABLE)),
    ("a.zip", zipped(train_src__a=TABLE, eval_src__a="id,x,y\n" + "1,2,3\n" * 200)),
    ("a.zip", zipped(train_src__a="", eval_src__a="%PDF")),
    ("a.zip", zipped(**{"train_src__a": "a", "../b.zip": "b", "c\\\\d": "c"})),
    ("a.zip", b"PK\x03\x04"),
]


@pytest.mark.parametrize(("name", "content"), FILES, ids=range(len(FILES)))  # a zip has a date
def test_what_is_noted_of_the_content_of_a_file(name, content):
    """Whatever is odd about it; ASCII and nothing odd has no note, and is none of these."""
    notes = inspect_content(io.BytesIO(content), name).notes
    assert notes
    assert [note for note in notes if not is_said(note)] == []


def test_what_is_noted_of_a_file():
    """That it came, came again, or not at all."""
    mock = Mock("jobs: {a: {timeline: [{status: job_waiting, for: 1h}, {status: s}]}}\n")
    job, link = mock.create()
    mock.poll(job)
    mock.switch(job)
    mock.put(link)
    mock.put(link)
    mock.begin_put(link, 9).abort(b"a,b")
    notes = [note for entry in mock.engine.journal for note in entry.notes]
    assert [note for note in notes if not is_said(note) and not note.startswith("SHA-256 ")] == []
    assert len(notes) > 5
