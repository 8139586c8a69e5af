"""A request as plain data, to be done elsewhere too."""

from __future__ import annotations

from typing import Any, Final

from mock_p1.base.messages import Request
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK

_POLLS: Final = RETRAIN_STATUS_CHECK.template.partition("{")[0]


def plain_request(request: Request) -> list[Any]:
    """Return a request as plain data; a poll needs no headers beside its key."""
    method, path, query, keys, base_url, has_body, headers, note = request
    if len(keys) == 1 and keys[0] and path.startswith(_POLLS) and method == "GET":
        headers = ()
    text = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
    return [method, path, query, keys, base_url, has_body, text, note]


def request_of(about: list[Any]) -> Request:
    """Return the request again."""
    method, path, query, keys, base_url, has_body, text, note = about
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in text]
    return Request(method, path, query, tuple(keys), base_url, has_body, headers, note)
