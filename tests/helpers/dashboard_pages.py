"""What the browser tests hold.

A page, the mock behind it, and every request that the page makes.
"""

from contextlib import suppress
from urllib.parse import urlsplit

import requests

from mock_p1.base.clock import SECOND

TIMEOUT = 15_000
REFUSED = "Failed to load resource: "


class Source:
    """Real time, for the mock: it passes when the test says so."""

    nanoseconds = 0

    def __call__(self):
        """Return what a real clock would."""
        return self.nanoseconds

    def pass_(self, seconds):
        """Let time pass."""
        self.nanoseconds += round(seconds * SECOND)


class Dashboard:
    """A page that shows the dashboard. Nothing but its own server can be reached from it."""

    def __init__(self, browser, server, source, stop, **context):
        self.server, self.source, self.stop = server, source, stop
        self.asked, self.foreign, self.errors = [], [], []
        self.context = browser.new_context(
            **{"viewport": {"width": 1360, "height": 900}, **context}
        )
        self.context.set_default_timeout(TIMEOUT)
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._said)

    def close(self):
        """Close the page; it must have made no error and asked nobody else."""
        self.context.close()
        assert self.errors == []
        assert self.foreign == []

    def _said(self, message):
        """Keep what the page complains of.

        That a call failed, as Chromium tells too, is no error of its own.
        """
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.errors.append(message.text)

    def _route(self, route):
        url = route.request.url
        self.asked.append(url)
        if urlsplit(url).netloc == urlsplit(self.server.url).netloc:
            route.continue_()
        else:
            self.foreign.append(url)
            route.abort()

    def poll(self, job, key="demo-key", times=1):
        """Poll a job, as a client would; trouble on the wire is what it may have asked for."""
        for _ in range(times):
            with suppress(requests.ConnectionError):
                headers = {"x-api-key": key}
                requests.get(
                    f"{self.server.url}/v1/external/retrain_jobs/{job}", headers=headers, timeout=10
                )

    def api(self, method, path, body=None):
        """Call the control API beside the page."""
        headers = (
            {"Authorization": f"Bearer {self.server.admin_token}"}
            if self.server.admin_token
            else {}
        )
        url = f"{self.server.url}/__admin/{path}"
        reply = requests.request(method, url, json=body, headers=headers, timeout=10)
        reply.raise_for_status()
        return reply.json()

    def shows(self, selector, text=None):
        """Wait until the page shows something, with this text in it."""
        found = self.page.locator(selector)
        (found if text is None else found.filter(has_text=text)).first.wait_for(state="visible")

    def hides(self, selector):
        """Wait until the page does not show something."""
        self.page.locator(selector).first.wait_for(state="hidden")

    def until(self, script, argument=None):
        """Wait until something is true in the page."""
        self.page.wait_for_function(script, arg=argument)

    def job(self, name):
        """Return the selector of a job's row."""
        return f'.job:has(> .bar > .id:text-is("{name}"))'
