"""Variables that set an option, that others invent, and that nobody knows."""

import pytest

LINKS = {
    "MOCK_P1_PORT": "tcp://10.96.0.7:8191",
    "MOCK_P1_SERVICE_HOST": "10.96.0.7",
    "MOCK_P1_SERVICE_PORT": "8191",
    "MOCK_P1_SERVICE_PORT_HTTP": "8191",
    "MOCK_P1_PORT_8191_TCP": "tcp://10.96.0.7:8191",
    "MOCK_P1_PORT_8191_TCP_PROTO": "tcp",
    "MOCK_P1_PORT_8191_TCP_ADDR": "10.96.0.7",
    "MOCK_P1_PORT_8191_TCP_PORT": "8191",
    "MOCK_P1_PORT_53_UDP": "udp://10.96.0.7:53",
    "MOCK_P1_BLUE_SERVICE_HOST": "10.96.0.8",
    "MOCK_P1_BLUE_PORT": "tcp://10.96.0.8:8191",
    "MOCK_P1_NAME": "/web/mock-p1",
    "MOCK_P1_ENV_PYTHON_VERSION": "3.13",
}
"""What a Kubernetes Service or a Docker link called mock-p1 puts into an environment."""


@pytest.mark.parametrize("name", LINKS)
def test_a_link_s_variable_is_no_setting(run, name):
    """It sets nothing, keeps nothing from starting, and stderr says so."""
    result = run("scenarios", env={name: LINKS[name]})
    assert result.exit_code == 0
    assert result.stderr.startswith(f"{name}: made by Kubernetes or Docker")
    assert result.stderr.count("\n") == 1


def test_all_of_them_are_one_line(run):
    """A pod's start says it once."""
    assert run("scenarios", env=LINKS).stderr.count("\n") == 1


def test_a_link_s_port_is_not_asked(run):
    """The health check asks the default port, and says nothing of links every few seconds."""
    result = run("healthcheck", "--timeout", "0.2", env=LINKS)
    assert result.output.startswith("http://127.0.0.1:8191")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("MOCK_P1_PROT", "MOCK_P1_PORT"),
        ("MOCK_P1_JOURNALMAX", "MOCK_P1_JOURNAL_MAX"),
        ("MOCK_P1_SENARIO", "MOCK_P1_SCENARIO"),
        ("mock_p1_speed", "MOCK_P1_SPEED"),
    ],
)
def test_an_unknown_variable_is_named_with_what_was_meant(run, name, near):
    """On stderr, without its value, which may be secret; the command runs on."""
    result = run("scenarios", env={name: "s3cret"})
    assert result.exit_code == 0
    assert result.stderr.strip().endswith(f"{name} is no variable of mock-p1, and ignored; "
                                          f"did you mean {near}?")  # fmt: skip
    assert "s3cret" not in result.output


def test_another_command_s_variable_is_known(run):
    """One environment serves all commands."""
    assert run("scenarios", env={"MOCK_P1_SPEED": "60", "MOCK_P1_JSON": "1"}).stderr == ""


def test_without_anything_like_it_only_the_name(run):
    """A guess that helps nobody is not made."""
    result = run("scenarios", env={"MOCK_P1_XYZZYQ": "1"})
    assert result.stderr == "MOCK_P1_XYZZYQ is no variable of mock-p1, and ignored\n"


def test_what_a_worker_inherits_is_known(run):
    """It is the mock that sets this one, so nothing is said of it."""
    assert run("scenarios", env={"MOCK_P1_INHERITED_SOCKETS": "3"}).stderr == ""
