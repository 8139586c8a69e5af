"""What is switched off to see what it saves changes no answer."""

import asyncio
import re

import pytest

from benchmarks.in_process import InProcess
from benchmarks.tricks import TRICKS, one_client_goes_on


def answers(kind, polls=3):
    """What a mock writes to a client that polls a few times, its Date left out."""

    async def written():
        mock, sent = InProcess(), []
        mock.connection.transport.write = sent.append
        poll = getattr(mock, kind)()
        for _ in range(polls):
            poll()
        return re.sub(rb"date: [^\r]*", b"", b"".join(sent)), list(mock.engine.journal)

    return asyncio.run(written())


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.what)
def test_a_trick_changes_no_answer(trick):
    """Nor a row of the journal, but for its time."""
    said, rows = answers(trick.polls)
    with trick.off():
        said_without, rows_without = answers(trick.polls)
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said_without == said
    assert [row._replace(moment_ns=0, place=None) for row in rows_without] == [
        row._replace(moment_ns=0, place=None) for row in rows
    ]


def test_turns():
    """Others wait for a part of what one client sends at once; without turns, for all of it."""

    async def turns():
        mock = InProcess()
        mock.connection.data_received(mock.heads[0] * 100)
        return mock.unread()

    assert asyncio.run(turns()) != b""
    with one_client_goes_on():
        assert asyncio.run(turns()) == b""
