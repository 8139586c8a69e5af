"""``/__admin/snapshot``: the whole state into the file that the server was given."""

from __future__ import annotations

from typing import Final

from mock_p1.admin import models
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes

ELSEWHERE: Final = "start it with mock-p1 serve --save FILE"

routes: Routes = Routes()


@routes.call("POST", "/snapshot", errors=(409, 507))
def save_state(body: models.Nothing) -> models.Saved:  # noqa: ARG001 -- checked to be empty
    """Write the whole state to the file of `serve --save` now."""
    save = admin_context().save
    if save is None:
        text = "this mock was given no file to save its state in"
        raise AdminError(409, "MOCK_P1_NOT_SAVED", text, ELSEWHERE)
    try:
        saved = save()
    except OSError as error:
        text = f"the state cannot be written: {error.strerror or error}"
        remedy = "make room, or let the mock write there; what was saved last is there still"
        raise AdminError(507, "MOCK_P1_NOT_SAVED", text, remedy) from None
    return models.Saved(**saved._asdict())
