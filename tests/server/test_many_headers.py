"""Ten thousand headers of one name cost the server what their bytes are worth, not their square."""

import asyncio
import time

import pytest
from helpers.admin_client import Controls

from mock_p1.admin.body_limit import BodyLimit
from mock_p1.base.asgi_types import joined


def test_headers_of_one_name_are_joined():
    """By commas, in their order."""
    headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    assert joined(headers) == {b"a": b"1,3", b"b": b"2"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [b"host", b"cookie", b"x-forwarded-for"])
def test_work_grows_as_the_headers_do(scenario, name):
    """Where it is found out who may use the control API: anybody can send these."""
    limit = BodyLimit(Controls(scenario).context, None)

    def seconds(count):
        headers = [(name, b"x" * 200)] * count
        scope = {"method": "GET", "path": "/__admin/jobs", "headers": headers, "query_string": b"",
                 "client": ("127.0.0.1", 1)}  # fmt: skip

        async def send(_message):
            pass

        best = 1e9
        for _ in range(3):
            began = time.process_time()
            asyncio.run(limit(scope, None, send))
            best = min(best, time.process_time() - began)
        return best

    assert seconds(80_000) < 32 * seconds(10_000)


@pytest.mark.slow
def test_a_server_joins_them_before_the_flask_app_does(live_transport):
    """Headers of one name are about as much work as headers of many names."""

    def seconds(name):
        lines = "".join(f"{name.format(number)}: {'y' * 180}\r\n" for number in range(9_900))
        head = f"GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}\r\n".encode()
        began = time.process_time()
        assert live_transport.exchange(head).status == 404
        return time.process_time() - began

    assert min(seconds("x") for _ in range(3)) < 3 * min(seconds("x{}") for _ in range(3))
