"""Files that cannot be used.

The folder tests/invalid holds one of each kind, which says in its first lines what is wrong.
"""

import re
from pathlib import Path

import pytest

from mock_p1.scenario.document import MAX_BYTES
from mock_p1.scenario.files import read_scenario
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

INVALID = sorted((Path(__file__).parents[1] / "invalid").glob("*.yaml"))
EXPECT = re.compile(r"^# expect: (\d+:\d+: .*)$", re.MULTILINE)


def problems(path):
    """Return what is wrong with a file."""
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path, name="f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_every_problem_of_a_file_is_named_at_once(path):
    """Each as file:line:column, what it is, what was possible, and what was perhaps meant.

    No more and no less.
    """
    expected = EXPECT.findall(path.read_text(encoding="utf-8"))
    found = problems(path)
    for problem, start in zip(found, expected, strict=False):
        pattern = ".*".join(
            map(re.escape, f"f.yaml:{start}".split("…"))
        )  # … stands for whatever is there
        assert re.match(pattern, problem), f"expected {start}, found {problem}"
    assert len(found) == len(expected)


@pytest.fixture
def refused(tmp_path):
    """Write bytes to a file, and return what is wrong with it."""

    def write(content):
        path = tmp_path / "f.yaml"
        path.write_bytes(content)
        return problems(path)

    return write


def test_tabs_are_told_apart_from_other_slips(refused):
    """Who indents with tabs learns that this is what is wrong."""
    assert refused(b"jobs:\n\ta:\n")[0].endswith("(YAML is indented with spaces, not tabs)")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (b"jobs:\n  a\n    b: c\n", "is the indentation right, and has the line before its ':'?"),
        (b"jobs:\n  a: {}\n    at_end: stay\n", "check the indentation"),
        (b"jobs:\n    a: {}\n  b: {}\n", "check the indentation"),
        (b"jobs:\n  - a\n  b: {}\n", "check the indentation"),
    ],
)  # fmt: skip
def test_wrong_indentation_is_named(refused, text, hint):
    """What a parser says of it names the consequence alone."""
    assert refused(text)[0].endswith(f" ({hint})")


def test_a_syntax_error_names_where_the_unfinished_part_began(refused):
    """A quote that is never closed is found at the end of the file, and was opened far above."""
    assert refused(b'seed: 1\ndescription: "no end\njobs: {}\n')[0].endswith(
        "that begins on line 2"
    )


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"# nothing\n", b"\xef\xbb\xbf", b"---\n", b"null\n"]
)
def test_an_empty_file(refused, content):
    """Says that it is empty, and what it needs."""
    assert refused(content) == [
        "f.yaml:1:1: the file is empty; a scenario needs at least jobs: with one job"
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "seed: 1\ndescription: 再学習".encode("shift_jis"),
            "f.yaml:2:14: byte 0x8d is not UTF-8; save the file as UTF-8",
        ),
        (
            "seed: 1\ndescription: 再学習".encode("euc_jp"),
            "f.yaml:2:14: byte 0xba is not UTF-8; save the file as UTF-8",
        ),
        (b"description: caf\xe9", "f.yaml:1:17: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (
            b"\xef\xbb\xbfseed: 1\na\xff: 2",
            "f.yaml:2:2: byte 0xff is not UTF-8; save the file as UTF-8",
        ),
        (b"\xff\xfej\0o", "f.yaml:1:2: byte 0x6f is not UTF-16; save the file as UTF-8"),
    ],
)
def test_another_encoding(refused, content, expected):
    """The first byte that is wrong is named, with its place."""
    assert refused(content) == [expected]


def test_wide_characters_without_a_byte_order_mark(refused):
    """UTF-16 looks like UTF-8 with NULs in it."""
    expected = (
        "f.yaml:1:2: the character U+0000 has no place in YAML; "
        "remove it, or save the file as UTF-8"
    )
    assert refused("jobs: {}".encode("utf-16-le")) == [expected]


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ufeff", "\uffff"])
def test_characters_that_nobody_sees(refused, character):
    """Control characters and stray byte-order marks are named by number."""
    (problem,) = refused(f"seed: 1\nx: {character}".encode())
    assert problem.startswith(
        f"f.yaml:2:4: the character U+{ord(character):04X} has no place in YAML; remove it"
    )


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 10_000_000])
def test_a_file_that_is_too_large(refused, size):
    """Is refused before it is read."""
    assert refused(b"#" * size) == [
        f"f.yaml:1:1: {size:,} bytes; a scenario file has at most 5,000,000"
    ]


@pytest.mark.parametrize("nest", ["[", "{", "- ", "? ", "x: {", "[[{"])
def test_nesting_without_end(refused, nest):
    """Five megabytes of it cost nothing: reading stops at fifty levels."""
    (problem,) = refused((nest * (MAX_BYTES // len(nest))).encode())
    assert problem.endswith("nested more than 50 levels deep")


@pytest.mark.parametrize("width", [10, 1000])
def test_aliases_multiplied_beyond_measure(refused, width):
    """However it is folded, a file that unfolds to more than a million values is refused."""
    lines = ["x-0: &a0 " + f"[{', '.join(['0'] * width)}]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, 9)]
    assert refused("\n".join(lines).encode())[0].endswith(
        "more than 1,000,000 values, aliases counted in full"
    )


def test_a_key_is_no_value():
    """Nor with an anchor of its own, however often what it stands in is repeated."""
    pairs = ", ".join(f"&k{number} k{number}: 1" for number in range(100))
    ten = ", ".join(["*one"] * 100)
    text = f"{{one: &one {{{pairs}}}, ten: &ten [{ten}], all: [{', '.join(['*ten'] * 60)}]}}"
    reply = f"{{status_code: 200, body: {text}}}"
    assert parse(f"jobs: {{a: {{timeline: [{{reply: {reply}}}]}}}}").jobs


def test_aliases_nested_beyond_measure(refused):
    """Levels are counted through aliases."""
    lines = ["x-0: &a0 []"] + [f"x-{n}: &a{n} [*a{n - 1}]" for n in range(1, 60)]
    assert refused("\n".join(lines).encode())[0].endswith("nested more than 50 levels deep")


def test_directives_beyond_measure(refused):
    """Each costs as much as there are before it; nobody needs one."""
    directives = "".join(f"%TAG !a{n}! x\n" for n in range(100_000))
    (problem,) = refused(f"{directives}---\njobs: {{}}\n".encode())
    assert problem == (
        "f.yaml:1:1: more than 100 lines begin with %; "
        "directives have no meaning in a scenario file"
    )


def test_problems_beyond_measure(refused):
    """Of one mapping a thousand are named, and it is said that there are more."""
    found = refused("".join(f"k{n}: 1\n" for n in range(20_000)).encode())
    assert len(found) == 1001
    assert "f.yaml:1:1: more than 1,000 problems in one mapping; these are the first" in found


def test_an_alias_to_something_wrong_is_one_problem(refused):
    """It is wrong in one place, however often it is used."""
    text = "x-steps: &steps [{status: job_finished, message: 1}]\njobs:\n"
    text += "".join(f"  job-{n}: {{timeline: *steps}}\n" for n in range(5))
    assert refused(text.encode()) == [
        "f.yaml:1:50: message: must be text; it is the number 1; put it in quotes"
    ]


def test_no_name_is_shown_at_full_length(refused):
    """A message stays readable whatever was put into the file."""
    key, value = "k" * 1000, "v" * 100_000
    steps = f"{{status: a, for: {value}}}, {{error: {value}}}"
    text = f"{key}: 1\n{key}: 2\njobs: {{{key}: {{timeline: [{steps}]}}}}\n"
    found = refused(text.encode())
    assert len(found) == 5
    assert max(map(len, found)) < 400
