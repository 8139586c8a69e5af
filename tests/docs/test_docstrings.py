"""Docstrings of what users import: Google's form, and examples that are true."""

import doctest
import inspect
import re

import pydantic
import pytest
import requests

import mock_p1

SELF_EXPLAINING = {"self", "args", "kwargs"}
OF_FILES = {"schema_", "variables"}
"""Keys that a scenario made in Python does not have."""


def public():
    """Yield each public class and function, and its public members, by name."""
    for name in mock_p1.__all__:
        thing = getattr(mock_p1, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                of_pydantic = hasattr(pydantic.BaseModel, member)
                if member.startswith("_") or of_pydantic:
                    continue
                if inspect.isfunction(value) or member_of(value):
                    yield f"{name}.{member}", value


def _parts(name):
    """Return a public class and the name of its member."""
    home, _, member = name.partition(".")
    return getattr(mock_p1, home), member


def member_of(value):
    """Tell a property or a class method."""
    return isinstance(value, property | classmethod)


EXAMPLES = [
    pytest.param(example, id=example.name)
    for name, thing in public()
    for example in [doctest.DocTestParser().get_doctest(thing.__doc__ or "", {}, name, None, 0)]
    if example.examples
]


@pytest.fixture
def mock():
    """The mock that examples speak of."""
    with mock_p1.mocked("slow-training", check=False) as mock:
        yield mock


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_true(example, mock, tmp_path, monkeypatch):
    """Each example of a public docstring shows what it does, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def poll():
        url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
        body = requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5).json()
        return body.get("status") or body["message"]

    names = {name: getattr(mock_p1, name) for name in mock_p1.__all__}
    example.globs = names | {"mock": mock, "poll": poll}
    said = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=options).run(example, out=said.append)
    assert "".join(said) == ""


MADE_BY_US = {"Handle", "Poll", "PollList", "Problem", "RecordedService", "ReplyFields", "Upload"}
"""Classes that users hold, but do not make."""


def test_every_public_name_has_examples():
    """Whoever reads the reference sees each name, and each member of a class, in use."""
    known = {example.values[0].name for example in EXAMPLES}
    assert [name for name, _ in public() if name not in known] == []


@pytest.mark.parametrize("name", [name for name, _ in public()])
def test_arguments_are_named_one_by_one(name):
    """The section Args has each parameter, and no other."""
    thing = dict(public())[name]
    is_error = inspect.isclass(thing) and issubclass(thing, BaseException)
    if isinstance(thing, property) or name in MADE_BY_US or is_error:
        return
    thing = getattr(mock_p1, name) if "." not in name else getattr(*_parts(name))
    parameters = set(inspect.signature(thing).parameters) - SELF_EXPLAINING - OF_FILES
    section = re.search(
        r"^ *Args:\n(.*?)(\n\s*\n|\Z)", inspect.getdoc(thing), re.MULTILINE | re.DOTALL
    )
    named = re.findall(r"^    \*?(\w+): ", section[1], re.MULTILINE) if section else []
    assert set(named) == parameters
