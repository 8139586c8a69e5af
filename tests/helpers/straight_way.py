"""A mock without the straight way of further polls, and what to hold both against."""

from mock_p1.engine.engine import Engine

JOBS = """
  a:
    timeline:
      - {status: job_waiting, for: 2 polls}
      - {fault: connection_reset, for: 1 poll}
      - {fault: truncated_body, for: 1 poll}
      - {reply: {status_code: 503, body: busy, retry_after: 5s}, for: 1 poll}
      - {reply: {status_code: 204}, for: 1 poll}
      - {status: job_finished, result: generated}
  b: {timeline: [{status: job_running, message: 学習中}]}
"""
"""What stands under ``jobs:``."""


class Ordinary(Engine):
    """A mock in which no path leads straight to a job."""

    def handle(self, request):
        """Answer a request in the ordinary way."""
        return self._handle_any(request)
