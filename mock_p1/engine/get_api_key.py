"""Get API Key: a secret key buys an API key, which works at every other call until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.base.messages import json_reply
from mock_p1.base.text import shorten
from mock_p1.contract.assumptions import ACCEPT
from mock_p1.contract.operations import GET_API_KEY
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.callers import MAX_ISSUED, IssuedKey
from mock_p1.engine.job_ids import uuid_of
from mock_p1.engine.not_imitated import no_room
from mock_p1.engine.program import Refusal

if TYPE_CHECKING:
    from mock_p1.engine.mock_state import MockState

_TYPES = next(each.values for each in GET_API_KEY.query if each.name == "credential_type")
_RETRAIN = "retrain"

LONGEST_NUMBER = 18
"""Digits that a whole number of 64 bits has at least room for."""


def find(state: MockState, call: Call) -> None:
    """Note what is odd in the query."""
    del state
    call.notes += _what_is_odd(call)


def _what_is_odd(call: Call) -> list[str]:
    kind, model_id = call.query("credential_type"), call.query("model_id")
    odd = []
    if kind not in _TYPES:
        said = f"is {shorten(kind)!r}" if kind else "is missing or empty"
        odd.append(f"credential_type {said}; the API documents {', '.join(_TYPES)}")
    if model_id is not None and not (model_id.isascii() and model_id.isdigit()):
        odd.append(f"model_id is {shorten(model_id)!r}; the API documents a whole number")
    elif model_id is not None and len(model_id) > LONGEST_NUMBER:
        odd.append(f"model_id has {len(model_id):,} digits")
    return odd


def _refusal(state: MockState, call: Call) -> Refusal | None:
    if call.query("credential_type") == _RETRAIN and not call.query("model_id"):
        return Refusal("model_id_is_required", state.scenario.name)
    assumed = state.scenario.assumptions.odd_credential_type
    refused = assumed != ACCEPT and _what_is_odd(call)
    return Refusal(assumed, state.scenario.name) if refused else None


def act(state: MockState, call: Call) -> Outcome:
    """Issue a key; or, where a scenario assumes so, hand out the one that still works."""
    if refused := _refusal(state, call):
        return state.refuse(refused, call)
    assumed = state.scenario.assumptions
    key = None
    if assumed.same_key_again == "same":
        alive = (each for each in state.issued.of(call.caller) if each.ends_ns > call.now_ns)
        key = next(alive, None)
    if key is None:
        if len(state.issued) >= MAX_ISSUED:
            state.issued.forget_ended(call.now_ns)
        if len(state.issued) >= MAX_ISSUED:
            state.reached["issued_keys"] += 1
            return call.refused(
                no_room(f"{MAX_ISSUED:,} API keys are issued already"), state.scenario.name
            )
        text = uuid_of(state.seed, "api_key", call.caller.name, state.issued.count(call.caller))
        key = IssuedKey(text, call.caller, call.api_key, call.now_ns + assumed.key_lifetime)
        state.issued.add(key)
    end_date = state.clock.client_date(key.ends_ns).strftime(assumed.end_date_format)
    reply = json_reply(200, {"api_key": key.api_key, "end_date": end_date})
    return Outcome(reply, state.scenario.name, done="key_issued")
