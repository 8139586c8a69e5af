"""The imitation as an ASGI application, in other people's servers, clients and frameworks."""

import asyncio

import pytest

from mock_p1 import create_asgi_app
from mock_p1.server.app import create_app_for

httpx = pytest.importorskip("httpx")

API = "/v1/external"
JOB = f"{API}/retrain_jobs/retrain-001"
HEADERS = {"x-api-key": "demo-key"}
FAULTS = "jobs: {a: {timeline: [{fault: FAULT}]}}"


def ask(app, *paths, method="GET", headers=HEADERS, base_url="http://mock.example"):
    """Send requests one after the other; return the answers."""

    async def ask_all():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            return [await client.request(method, path, headers=headers) for path in paths]

    return asyncio.run(ask_all())


def test_a_client_of_httpx_asks_it_directly():
    """The imitated calls, what is not imitated, and the control API."""
    poll, unknown, admin = ask(create_asgi_app("demo"), JOB, "/v1/nothing", "/__admin/health")
    assert poll.json()["status"] == "job_waiting"
    assert (unknown.status_code, admin.status_code) == (404, 200)


def test_the_first_questions_beside_the_imitated_calls_may_come_together(monkeypatch):
    """What answers them is made when they come, once."""
    made, make = [], create_app_for

    def counted(*args, **options):
        made.append(args)
        return make(*args, **options)

    monkeypatch.setattr("mock_p1.server.app.create_app_for", counted)
    app = create_asgi_app("demo")
    assert not made

    async def ask_all():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            paths = ["/__admin/health", "/v1/nothing"] * 10
            return await asyncio.gather(*(client.get(path) for path in paths))

    answers = asyncio.run(ask_all())
    assert [answer.status_code for answer in answers] == [200, 404] * 10
    assert len(made) == 1


def test_the_control_api_can_be_left_out():
    """Then it is a path like any other that is not imitated."""
    [answer] = ask(create_asgi_app("demo", admin=False), "/__admin/health")
    assert answer.status_code == 404


def mounted(app, root):
    """Mount an application below a path, as Starlette does."""

    async def outer(scope, receive, send):
        await app({**scope, "root_path": root}, receive, send)

    return outer


def test_below_a_path_links_begin_with_it():
    """And lead back to it."""
    app = mounted(
        create_asgi_app(
            {"jobs": {"a": {"timeline": [{"status": "job_finished", "result": "generated"}]}}}
        ),
        "/p1",
    )
    [answer] = ask(app, "/p1/v1/external/retrain_jobs/a")
    url = answer.json()["download_url"]
    assert url.startswith("http://mock.example/p1/")
    assert ask(app, url)[0].content.startswith(b"PK")


@pytest.mark.parametrize("fault", ["connection_reset", "empty_response", "truncated_body"])
def test_a_fault_that_asgi_has_no_words_for_is_an_exception(fault):
    """Which a server takes as a reason to hang up."""
    app = create_asgi_app(FAULTS.replace("FAULT", fault))
    with pytest.raises(ConnectionResetError):
        ask(app, "/v1/external/retrain_jobs/a")


def test_it_goes_along_with_a_server_that_starts_and_stops():
    """And takes no websocket."""

    async def play(scope_type, *events):
        sent, received = [], iter(events)

        async def receive():
            return {"type": next(received)}

        async def send(message):
            sent.append(message["type"])

        await create_asgi_app("demo")({"type": scope_type}, receive, send)
        return sent

    lifespan = asyncio.run(play("lifespan", "lifespan.startup", "lifespan.shutdown"))
    assert lifespan == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert asyncio.run(play("websocket", "websocket.connect")) == ["websocket.close"]


def test_a_client_that_leaves_its_upload_is_no_error_of_the_app():
    """The journal has it; a server would log what the app raises."""
    app = create_asgi_app("whole-sequence")
    headers = {"x-api-key": "demo-secret"}
    key = ask(app, f"{API}/api-key?credential_type=retrain&model_id=1", headers=headers)[0].json()
    headers = {"x-api-key": key["api_key"]}
    issued = ask(app, f"{API}/retrain_jobs/upload_url?filename=a.csv", headers=headers)[0].json()
    path = issued["upload_url"].removeprefix("http://mock.example").encode()
    messages = [
        {"type": "http.request", "body": b"a,b", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(_):
        raise AssertionError("nobody is there to be answered")

    scope = {
        "type": "http", "method": "PUT", "scheme": "http", "path": path.decode(),
        "raw_path": path, "query_string": b"", "root_path": "", "http_version": "1.1",
        "headers": [(b"host", b"mock.example"), (b"transfer-encoding", b"chunked")],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    [uploads] = ask(app, "/__admin/uploads", base_url="http://localhost")
    assert uploads.json()["uploads"][0]["size"] == 3
