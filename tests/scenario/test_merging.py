"""Several files, or a folder, as one scenario."""

import pytest

from mock_p1 import load_scenario
from mock_p1.scenario.files import load_scenarios
from mock_p1.scenario.problems import ScenarioError

JOB = "{{timeline: [{{status: {}}}]}}"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path):
    """Write files: ``write(**{"set/a.yaml": text})``."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write


def refusal(*names):
    """Return each problem of files together, as a line."""
    with pytest.raises(ScenarioError) as caught:
        load_scenarios(names)
    return [str(problem) for problem in caught.value.problems]


def test_parts_of_a_kind_are_put_together(write):
    """Mappings by their names, lists one after the other; and a file need not be whole."""
    write(
        **{
            "a.yaml": f"description: One.\nseed: 7\njobs: {{a: {JOB.format('x')}}}\n"
            "generated_jobs: [{count: 1, prefix: g-, timeline: [{status: x}]}]\n"
            "assumptions: {key_lifetime: 1d}\n",
            "b.yaml": f"description: Two.\nseed: 7\njobs: {{b: {JOB.format('y')}}}\n"
            "generated_jobs: [{count: 1, prefix: h-, timeline: [{status: y}]}]\n"
            "assumptions: {error_http_status: 418}\n",
            "keys.json": '{"api_keys": {"k": "active"}}',
        }
    )
    scenario = load_scenarios(["a.yaml", "b.yaml", "keys.json"])
    assert scenario.name == "a.yaml, b.yaml, keys.json"
    assert scenario.description == "One. Two."
    assert [*scenario.jobs] == ["a", "b"]
    assert [group.prefix for group in scenario.generated_jobs] == ["g-", "h-"]
    assert scenario.assumptions.key_lifetime == 86400 * 10**9
    assert scenario.api_keys == {"k": "active"}


def test_a_step_knows_its_own_file(write):
    """Journal, explain and lint say where it stands."""
    write(
        **{
            "a.yaml": f"jobs: {{a: {JOB.format('x')}}}",
            "b.yaml": f"\njobs: {{b: {JOB.format('y')}}}",
        }
    )
    scenario = load_scenarios(["a.yaml", "b.yaml"])
    assert [job.steps[0].source for job in scenario.jobs.values()] == ["a.yaml:1", "b.yaml:2"]
    assert scenario.where("jobs", "b") == "b.yaml:2"


def test_a_folder_is_all_files_in_it(write):
    """In the order of their names; schemas, other files and folders below it are left out."""
    write(
        **{
            "set/b.yml": f"jobs: {{b: {JOB.format('y')}}}",
            "set/a.yaml": f"jobs: {{a: {JOB.format('x')}}}",
            "set/x.schema.json": "{",
            "set/notes.txt": ":",
        }
    )
    scenario = load_scenario("./set")
    assert [*scenario.jobs] == ["a", "b"]
    assert load_scenarios(["set", "demo"]).name == "set, demo.yaml"


def test_what_stands_twice_is_a_problem_with_both_places(write):
    """Whether the two say the same or not: nobody could tell which to change."""
    write(
        **{
            "a.yaml": f"seed: 1\nrate_limit: {{polls: 1, per: 1m}}\njobs: {{a: {JOB.format('x')}}}",
            "b.yaml": f"jobs:\n  a: {JOB.format('x')}\nseed: 2\nrate_limit: {{polls: 2}}\n",
        }
    )
    assert refusal("a.yaml", "b.yaml") == [
        "b.yaml:2:3: jobs: 'a' stands in a.yaml:3 already",
        "b.yaml:3:1: seed stands in a.yaml:1 already",
        "b.yaml:4:14: rate_limit: 'polls' stands in a.yaml:2 already",
    ]


def test_problems_name_their_own_file(write):
    """In mappings and in lists."""
    write(
        **{
            "a.yaml": "generated_jobs: [{count: 1, prefix: g-, timeline: [{status: x}]}]\n",
            "b.yaml": f"jobs: {{a: {JOB.format('x')}}}\n"
            "generated_jobs:\n  - {count: 1, prefix: h-, timeline: [{status: x}]}\n"
            "  - {count: 1, prefix: i-, timeline: [{fault: conection_reset}]}\n"
            "assumptions: {errror_http_status: 1}\n",
        }
    )
    found = refusal("a.yaml", "b.yaml")
    assert any(line.startswith("b.yaml:4:47: unknown fault 'conection_reset'") for line in found)
    assert any(line.startswith("b.yaml:5:15: unknown key 'errror_http_status'") for line in found)
    assert len(found) == 2


def test_every_file_is_read_whatever_is_wrong_with_another(write):
    """All problems at once."""
    write(**{"a.yaml": "jobs: [", "b.yaml": "- x", "c.yaml": ""})
    assert {line.partition(":")[0] for line in refusal("a.yaml", "b.yaml", "c.yaml")} >= {
        "a.yaml",
        "c.yaml",
    }
    assert refusal("b.yaml", "b.yaml")[0].startswith("b.yaml:1:1: of several files each must be")


def test_files_have_variables_of_their_own(write, monkeypatch):
    """A file that does not say so is left as it is."""
    monkeypatch.setenv("A", "x")
    write(
        **{
            "a.yaml": "variables: true\ndescription: ${A}",
            "b.yaml": f"description: ${{A}}\njobs: {{a: {JOB.format('x')}}}",
        }
    )
    assert load_scenarios(["a.yaml", "b.yaml"]).description == "x ${A}"


def test_result_files_stand_beside_one_of_them(write):
    """Beside two, nobody knows which is meant."""
    job = "jobs: {a: {timeline: [{status: job_finished, result: {file: r.zip}}]}}"
    write(**{"one/a.yaml": job, "two/b.yaml": "seed: 1", "two/r.zip": "here"})
    assert load_scenarios(["one/a.yaml", "two/b.yaml"]).files == {"r.zip": b"here"}
    write(**{"one/r.zip": "there"})
    (line,) = refusal("one/a.yaml", "two/b.yaml")
    assert "give each a name of its own" in line


def test_all_of_them_together_are_bounded(write):
    """As one file is."""
    write(**{"a.yaml": "#" * 3_000_000, "b.yaml": "#" * 3_000_000})
    assert "together they have at most 5,000,000" in refusal("a.yaml", "b.yaml")[0]


def test_a_file_that_is_no_mapping_is_a_problem_beside_those_of_the_others(write):
    """A text, a number, a list: whatever it is, and wherever it stands among the files."""
    wrong = "jobs: {a: {timeline: [{fault: x}]}}"
    write(**{"a.yaml": "only text", "b.yaml": wrong, "c.yaml": "12", "d.yaml": "[jobs]"})
    text = "of several files each must be a mapping with the keys of a scenario"
    first, second, *rest = refusal("a.yaml", "b.yaml", "c.yaml", "d.yaml")
    assert first == f"a.yaml:1:1: {text}"
    assert second.startswith("b.yaml:1:31: unknown fault 'x'")
    assert rest == [f"c.yaml:1:1: {text}", f"d.yaml:1:1: {text}"]


def test_what_is_a_list_in_one_file_and_a_number_in_another_is_a_problem(write):
    """And the list's own problems keep their places."""
    group = "generated_jobs: [{{count: {}, prefix: {}-, timeline: [{{status: x}}]}}]"
    write(**{"a.yaml": group.format(1, "g"), "b.yaml": "generated_jobs: 5"})
    write(**{"c.yaml": group.format("x", "h")})
    clash, wrong = refusal("a.yaml", "b.yaml", "c.yaml")
    assert clash.startswith("b.yaml:1:1: generated_jobs stands in a.yaml:1")
    assert wrong.startswith("c.yaml:1:26: ")
