"""What costs no more than its size: counted calls, compared at two sizes, never seconds."""

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from mock_p1.analysis.explanation import explanations
from mock_p1.analysis.lint import lint_warnings
from mock_p1.scenario import variables
from mock_p1.scenario.faker_values import Counted
from mock_p1.scenario.parser import parse, parse_several
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.redaction import masked_problems, masked_text

SMALL, LARGE = 300, 600


def calls_of(act: Callable[[], object]) -> int:
    """Return how many functions are called, those of C too.

    A measure that no load of the machine moves.
    """
    count = 0

    def see(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def problems(text: str) -> tuple:
    """Return what is wrong with a text."""
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    return caught.value.problems


WRONG = {
    "steps": lambda n: "jobs: {a: {timeline: [" + "{status: 1, for: 1 poll}, " * n + "]}}",
    "kinds": lambda n: "jobs: {a: {timeline: [" + "{}, " * n + "]}}",
    "jobs": lambda n: "jobs:\n" + "".join(f"  j{i}: {{timelin: []}}\n" for i in range(n)),
    "keys": lambda n: "api_keys:\n" + "".join(f"  k{i}: actve{i}\n" for i in range(n)),
    "twice": lambda n: "seed: 1\n" * n,
    "unknown": lambda n: "".join(f"k{i}: 1\n" for i in range(n)),
    "groups": lambda n: "generated_jobs: [" + "{count: 0, error: x}, " * n + "]",
    "anchors": lambda n: "x-a: [" + ", ".join(f"*a{i}" for i in range(n)) + "]",
    "ids": lambda n: "new_jobs: {ids: [" + "[], " * n + "]}",
    "calls": lambda n: "calls: {file_upload: [" + "{fault: tmeout}, " * n + "]}",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRONG)
def test_a_thousand_problems_are_named(kind):
    """Whatever is wrong with a file, and it is said that there are more."""
    found = problems(WRONG[kind](5_000))
    assert len(found) <= 1001
    assert any("more than 1,000 problems" in problem.text for problem in found)


@pytest.mark.parametrize("kind", WRONG)
def test_problems_below_a_thousand_are_all_named(kind):
    """None is left out."""
    assert len(problems(WRONG[kind](200))) >= 199


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_directives_are_counted_after_every_kind_of_line_end(end):
    """Each costs as much as there are before it."""
    (problem,) = problems("".join(f"%TAG !a{n}! x{end}" for n in range(1000)) + "---\njobs: {}\n")
    assert "more than 100 lines begin with %" in problem.text


def fakes(count: int, fake: str) -> str:
    """Return a scenario with so many fakes, no two alike."""
    steps = "".join(f"{{status: s, for: 1 poll, message: {{{fake % n}}}}}, " for n in range(count))
    return f"jobs: {{a: {{timeline: [{steps}{{status: s}}]}}}}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "fake",
    [
        "fake: pystr_format, string_format: '{}'".format("{{profile}} " * 4000),
        "fake: bothify, text: '{}'".format("?#" * 20_000),
        "fake: csv, num_rows: 1000",
        "fake: json, num_rows: 10000",
    ],
)
def test_a_fake_is_not_tried_beyond_its_bound(fake):
    """Whichever way its arguments make it draw much."""
    (problem,) = problems(fakes(1, f"{fake}, x-n: %s"))
    assert "would draw more than there may be: over 20,000 random values" in problem.text


@pytest.mark.slow
def test_a_fake_of_some_size_is_played():
    """As the README says of a table."""
    parse(fakes(1, "fake: csv, num_rows: 500, x-n: %s"))


def test_fakes_share_what_they_may_draw_while_they_are_tried(monkeypatch):
    """Twice as many cost what reading them costs."""
    monkeypatch.setattr(Counted, "left", 5000)
    fake = "fake: text, max_nb_chars: 2000, x-n: %s"
    few, many = (calls_of(lambda n=n: problems(fakes(n, fake))) for n in (20, 40))
    (beyond, *_) = problems(fakes(40, fake))
    assert "is one too many" in beyond.text
    assert many < 1.5 * few


def generated(groups: int, named: int = 0) -> str:
    """Return a scenario with so many groups of generated jobs, and so many that are named."""
    rows = "".join(
        f"{{count: 1000, prefix: g{n}-, timeline: [{{status: job_finished}}]}}, "
        for n in range(groups)
    )
    jobs = "".join(f"  j-{n}: {{error: job_may_be_deleted}}\n" for n in range(named))
    return f"generated_jobs: [{rows}]\njobs:\n  a: {{error: job_may_be_deleted}}\n{jobs}"


def test_generated_jobs_are_bounded_together():
    """By their number, and by that of their groups."""
    (problem,) = problems(generated(1001))
    assert problem.text == "generated_jobs: has 1,001 groups; there may be 1,000"
    (problem,) = problems(generated(600).replace("count: 1000,", "count: 2000,"))
    assert problem.text.endswith("makes 1,200,000 jobs; all groups together may make 1,000,000")


def test_explaining_generated_jobs_costs_what_their_groups_do():
    """However many jobs each of them makes."""
    few, many = (
        parse(generated(3).replace("count: 1000,", f"count: {count},")) for count in (10, 100_000)
    )
    cost = calls_of(lambda: list(explanations(few)))
    assert calls_of(lambda: list(explanations(many))) < 1.2 * cost


def test_a_named_job_is_looked_for_in_few_groups():
    """Many of both are linted at the cost of both, not of one times the other."""
    (few, many) = (parse(generated(4, named=count)) for count in (0, 300))
    more = calls_of(lambda: lint_warnings(many)) - calls_of(lambda: lint_warnings(few))
    few, many = (parse(generated(150, named=count)) for count in (0, 300))
    assert calls_of(lambda: lint_warnings(many)) - calls_of(lambda: lint_warnings(few)) < 2 * more


def test_variables_that_are_none_cost_what_the_text_does(monkeypatch):
    """However many are begun: what follows each is not read again and again."""
    cut = []
    monkeypatch.setattr(variables, "shorten", lambda text, _: cut.append(len(text)) or text)
    with pytest.raises(ScenarioError):
        parse("variables: true\ndescription: '" + "${" * 2000 + "'\n", variables={})
    assert max(cut) < 50
    assert len(cut) <= 1001


def test_variables_are_not_put_in_beyond_their_bound():
    """A long value that stands there a thousand times is not made a text of all of them."""
    text = "variables: true\ndescription: '" + "${LONG}" * 10_000 + "'\njobs: {}\n"
    tracemalloc.start()
    with pytest.raises(ScenarioError, match="5,000,000 characters in all"):
        parse(text, variables={"LONG": "x" * 100_000})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000


def owned(jobs: int, keys: int, key: str = "key-{}") -> str:
    """Return a scenario with so many keys, and jobs of them."""
    declared = "".join(f"  '{key.format(n)}': active\n" for n in range(keys))
    named = "".join(f"  j{n}: {{api_key: key-0, error: job_may_be_deleted}}\n" for n in range(jobs))
    return f"api_keys:\n{declared}jobs:\n{named}"


def test_jobs_of_many_keys_are_linted_at_the_cost_of_both():
    """Not of one times the other."""
    small, large = (parse(owned(count, count)) for count in (SMALL, LARGE))
    cost = calls_of(lambda: lint_warnings(small))
    assert calls_of(lambda: lint_warnings(large)) < 2.5 * cost


@pytest.mark.slow
def test_jobs_are_not_held_against_patterns_without_end():
    """Thousands of both are refused."""
    (problem,) = problems(owned(4000, 3000, "*key-{}*"))
    assert problem.text.startswith("api_keys: 3,000 patterns, and 4,000 jobs that name a key")


@pytest.mark.slow
def test_many_files_together_cost_what_each_does():
    """Each warning finds its file without a look at all others."""

    def cost(count: int) -> int:
        files = [
            (f"jobs: {{j{n}: {{timeline: [{{status: s}}]}}}}\n".encode(), f"f{n}.yaml")
            for n in range(count)
        ]
        return calls_of(lambda: lint_warnings(parse_several(files, "all", lambda _: b"", {})))

    assert cost(LARGE) < 2.5 * cost(SMALL)


@pytest.mark.slow
def test_a_step_that_is_wrong_costs_little_memory():
    """A file of 5 MB may hold a million of them."""
    text = "jobs: {a: {timeline: [" + "{}, " * 30_000 + "]}}"
    problems(text)
    tracemalloc.start()
    problems(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 600 * 30_000


def masked(keys: int, lines: int) -> int:
    """Return the cost of masking so many lines of a scenario with so many keys."""
    declared = "".join(f"  key-of-somebody-{n}: active\n" for n in range(keys))
    text = f"api_keys:\n{declared}" + "# nothing to hide\n" * lines
    return calls_of(lambda: masked_text(text))


def test_masking_costs_what_it_reads():
    """Twice the keys and twice the text cost twice, not four times."""
    assert masked(LARGE, LARGE) < 2.5 * masked(SMALL, SMALL)


def test_masking_problems_reads_the_keys_once():
    """Not as often as there are problems."""
    text = "api_keys:\n" + "".join(f"  key-number-{n}: actve\n" for n in range(SMALL))
    found = problems(text)
    one = calls_of(lambda: masked_problems(text, found[:1]))
    assert calls_of(lambda: masked_problems(text, found)) < 6 * one


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("secret-key-1", "a 'secret-key-1' b", "a 'secr…' b"),
        ("secret-key-1", "secret-key-12 my-secret-key-1", "secret-key-12 my-secret-key-1"),
        ("two words", "(two words)", "(tw…)"),
        ("%odd one", "x %odd one x%odd one", "x %o… x%odd one"),
        ("two", "two two, two words", "… …, tw…"),
    ],
)
def test_keys_are_masked_as_words_of_their_own(key, text, shown):
    """As they are, at their ends; the longest that fits."""
    declared = f"api_keys: {{'{key}': active, 'two words': active}}\n# {text}\n"
    assert masked_text(declared).splitlines()[1] == f"# {shown}"
