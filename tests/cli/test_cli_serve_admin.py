"""Who may steer a served mock: ``--admin-token``, ``--no-admin``, and what is said of it."""

import json

import pytest
import requests


def get(url, path, token=None):
    """Ask without a proxy; return the HTTP status."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url + path, headers=headers, timeout=10).status_code


@pytest.mark.slow
def test_on_loopback_the_dashboard_is_named_and_open(serve):
    """Its URL is in the announcement, and leads there."""
    facts = json.loads(serve("--log-format", "json").announcement)
    assert facts["dashboard"] == f"{facts['url']}/__admin/"
    assert get(facts["dashboard"], "") == 200
    assert get(facts["url"], "/__admin/jobs") == 200


@pytest.mark.slow
def test_a_token_that_is_given_is_needed_and_not_printed(serve):
    """Whoever gave it knows it; by its variable as well."""
    served = serve("--log-format", "json", MOCK_P1_ADMIN_TOKEN="open-sesame")
    facts = json.loads(served.announcement)
    assert "open-sesame" not in served.announcement
    assert (
        "/__admin needs the header Authorization: Bearer, and the token you gave" in facts["notes"]
    )
    assert get(facts["url"], "/__admin/jobs") == 401
    assert get(facts["url"], "/__admin/jobs", "open-sesame") == 200


@pytest.mark.slow
def test_a_token_that_was_made_up_is_in_the_dashboards_url(serve):
    """So that a click is enough."""
    facts = json.loads(serve("--log-format", "json", "--host", "0.0.0.0").announcement)  # noqa: S104 -- the point
    token = facts["dashboard"].partition("#token=")[2]
    assert any(note.endswith(f"Bearer {token}") for note in facts["notes"])
    assert get(facts["url"], "/__admin/jobs", token) == 200


@pytest.mark.slow
def test_without_admin(serve, run):
    """No dashboard is named, nothing answers below /__admin; to the health check all is well."""
    facts = json.loads(serve("--log-format", "json", "--no-admin").announcement)
    assert facts["dashboard"] is None
    assert get(facts["url"], "/__admin/jobs") == 404
    result = run("healthcheck", "--port", facts["url"].rpartition(":")[2])
    assert (result.exit_code, result.output) == (
        0,
        f"{facts['url']} is well: Mock P1, without /__admin\n",
    )


@pytest.mark.parametrize("token", ["", "two words", "ü", "x" * 501])
def test_a_token_that_nobody_can_send(run, token):
    """Wrong usage, and what a token is."""
    result = run("serve", "--port", "0", "--admin-token", token)
    assert (
        result.exit_code,
        "an admin token is 1 to 500 visible ASCII characters" in result.output,
    ) == (2, True)


def test_a_token_for_what_is_left_out(run):
    """Wrong usage."""
    result = run("serve", "--port", "0", "--no-admin", "--admin-token", "t")
    assert (result.exit_code, "give one of them" in result.output) == (2, True)
