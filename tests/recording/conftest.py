"""A job of the mock itself is recorded, in its own time; what was written is played and polled."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mock_p1 import mocked
from mock_p1.recording.job_recorder import JobRecorder, RecordedJobCall
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.scenario_text import scenario_of, scenario_text
from mock_p1.recording.seen_result import fetch_result
from mock_p1.verify.client import HttpClient
from mock_p1.verify.pace import Pace


@dataclass
class Recorded:
    """The text of a recording, what was seen, and how many requests the mock had."""

    text: str
    job: object
    requests: list


class Recorder:
    """Records a job of a scenario in virtual time."""

    def __init__(self):
        self.every, self.polls = 5.0, 130

    @property
    def limit(self):
        """So long it may take at most, in seconds."""
        return self.every * self.polls

    def watch(self, mock, job_id=None, is_enough=lambda _: "", **options):
        """Poll a job of this mock until its end; return what was seen, and the pace."""
        began = mock.now

        def now():
            return (mock.now - began).total_seconds()

        pace = Pace(limit=self.limit, now=now, sleep=mock.advance)
        client = HttpClient(now=now)
        call = RecordedJobCall(mock.url, mock.api_key or "some-key", job_id or mock.job_id)
        recorder = JobRecorder(
            client, call, pace, every_seconds=self.every, date=lambda: mock.now, **options
        )
        return recorder.record(is_enough), client, pace

    def __call__(self, scenario, job_id=None, **options):
        """Record a job of a scenario."""
        with mocked(scenario, check=False) as mock:
            job, client, pace = self.watch(mock, job_id, **options)
            result, attempts = fetch_result(client, job.link, pace) if job.link else (None, [])
            recorded = scenario_of(job, mock.url, self.every, result, attempts)
            text = scenario_text(recorded, Pseudonyms())
            return Recorded(text, job, mock.requests())

    def shown(self, job):
        """What each poll saw and when, equal ones in a row as one."""
        spans = []
        for poll in job.polls:
            seen = poll.seen
            if spans and spans[-1][0] == seen:
                spans[-1][2] = poll.seconds
            else:
                spans.append([seen, poll.seconds, poll.seconds])
        return spans


@pytest.fixture
def recorder():
    """What records a job, with a poll every five seconds."""
    return Recorder()
