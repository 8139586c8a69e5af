"""A load test: each user polls a job of its own until it has finished, and then the next one.

mock-p1 serve many-jobs --quiet
locust -f examples/locust/locustfile.py --host http://127.0.0.1:8191 --headless -u 50 -r 10 -t 30s
"""

from itertools import count

from locust import FastHttpUser, constant_pacing, task

NUMBERS = count()


class Poller(FastHttpUser):
    """Polls twice a second."""

    wait_time = constant_pacing(0.5)

    def on_start(self):
        """Take a job and a key that no other user has."""
        number = next(NUMBERS) % 1000 + 1
        self.job, self.key = f"load-{number}", f"client-{number}"

    @task
    def poll(self):
        """Poll once; all jobs are one line of the report."""
        path = f"/v1/external/retrain_jobs/{self.job}"
        headers = {"x-api-key": self.key}
        with self.client.get(path, name="poll", headers=headers, catch_response=True) as answer:
            if not answer.ok:
                answer.failure(f"HTTP {answer.status_code}")  # 0 where no answer came
                return
            try:
                status = answer.json()["status"]
            except (ValueError, KeyError, TypeError):
                answer.failure("no status")
                return
            if status in ("job_finished", "job_failed"):
                self.on_start()
