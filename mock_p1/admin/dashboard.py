"""The dashboard's files.

They hold no secrets: what the page shows it asks the control API for, as anybody would.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, redirect, request

from mock_p1.admin import PREFIX
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.in_hand import admin_context, seen_url

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Said here: a machine's own table may be wrong, and a script of the wrong type does not run."""

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)

routes: Blueprint = Blueprint("page", __name__)
outside: Blueprint = Blueprint("outside", __name__)
"""What is not below ``/__admin``: the way there, and the icon that browsers look for."""


@routes.get("/")
def page() -> AnyResponse:
    """Answer the dashboard."""
    return _file("index.html")


@routes.get("/static/<name>")
def file(name: str) -> AnyResponse:
    """Answer one of the dashboard's files."""
    return _file(name)


@outside.get("/favicon.ico", provide_automatic_options=False)
def icon() -> AnyResponse:
    """Answer the icon."""
    return _file("icon.svg")


@routes.get("")
@outside.get("/", provide_automatic_options=False)
def to_the_page() -> AnyResponse:
    """Lead to the dashboard."""
    behind_proxies = admin_context().engine.proxies is not None
    found = redirect(f"{seen_url() if behind_proxies else request.script_root}{PREFIX}/", 302)
    found.set_data(b"")
    found.mimetype = "text/plain"
    return found


def _file(name: str) -> AnyResponse:
    if name not in {path.name for path in FOLDER.iterdir() if path.suffix in TYPES}:
        raise AdminError(
            404, "MOCK_P1_NOT_FOUND", f"the dashboard has no file {name[:100]!r}", f"see {PREFIX}/"
        )
    content = (FOLDER / name).read_bytes()
    response = Response(content, content_type=TYPES[Path(name).suffix])
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.set_etag(blake2b(content, digest_size=12).hexdigest())
    return response.make_conditional(request)
