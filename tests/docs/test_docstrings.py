"""Docstrings of what users import: Google's form, and examples that are true."""

import doctest
import inspect
import re

import pytest
import requests

import mock_p1

SELF_EXPLAINING = {"self", "args", "kwargs"}


def public():
    """Yield each public class and function, and its public members, by name."""
    for name in mock_p1.__all__:
        thing = getattr(mock_p1, name)
        if not callable(thing):
            continue
        yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (inspect.isfunction(value) or member_of(value)):
                    yield f"{name}.{member}", value


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
def test_examples_are_true(example, mock):
    """Each example of a public docstring shows what it does."""

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


OWN = ("Handle", "Poll", "PollList", "Upload", "mocked", "serving")
"""The classes of which each public member has an example."""


def test_what_tests_hold_has_examples():
    """Whoever reads the reference sees each member in use."""
    known = {example.values[0].name for example in EXAMPLES}
    own = {name for name, _ in public() if name.partition(".")[0] in OWN}
    assert own - known == set()


@pytest.mark.parametrize("name", [name for name, _ in public() if name.partition(".")[0] in OWN])
def test_arguments_are_named_one_by_one(name):
    """The section Args has each parameter, and no other."""
    thing = dict(public())[name]
    if isinstance(thing, property) or name in ("Poll", "Handle", "PollList", "Upload"):
        return  # made by us, not by users
    parameters = set(inspect.signature(thing).parameters) - SELF_EXPLAINING
    section = re.search(
        r"^ *Args:\n(.*?)(\n\s*\n|\Z)", inspect.getdoc(thing), re.MULTILINE | re.DOTALL
    )
    named = re.findall(r"^    (\w+): ", section[1], re.MULTILINE) if section else []
    assert set(named) == parameters
