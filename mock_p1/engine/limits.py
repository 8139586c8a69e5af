"""Limits of what is remembered or let in: what is said of each, once it was reached.

The engine counts how often each was. SECURITY.md has the numbers.
"""

from __future__ import annotations

from typing import Final

DEFAULT_MAX: Final = 1000
"""How many requests the journal remembers."""

DEFAULT_JOBS_MAX: Final = 1_000_000
"""How many pairs of caller and job that only a pattern knows are remembered, beside one for each
job that the scenario names or generates; the least recently polled go first. A pair takes about
1 KB."""

LIMITS: Final = {
    "calls": "more callers than are remembered: lists under calls: begin anew for the oldest",
    "created_jobs": "no more jobs are created until a reset: calls for one are answered 507",
    "http2": "a client began with HTTP/2, which this server does not speak, so the journal has no "
    "row of it; have it use HTTP/1.1, as curl does without --http2-prior-knowledge",
    "issued_keys": "no more API keys are issued until a reset: calls for one are answered 507",
    "jobs": "more pairs of key and job came that only a pattern knows than are remembered: from "
    "now on the one polled the longest ago begins anew; --jobs-max takes more",
    "journal": "the journal is full: the oldest requests go, and counts stay true; --journal-max "
    "keeps more",
    "kinds": "more kinds of requests came than are counted apart: of others caller and job are "
    "in no count, until a reset",
    "links": "more links of results failed than are remembered: the oldest fail again",
    "listeners": "no more clients may listen to events: they are answered 503",
    "log_lines": "requests came faster than the log was read: the oldest have no line in it",
    "open_files": "this process has as many connections and files as it may open: further clients "
    "wait, or are refused; ulimit -n before the start takes more",
    "rate_limit": "more callers than the rate limit remembers: it begins anew for the one seen the "
    "longest ago",
    "resets": "more callers were reset than are remembered: old links of the first work again",
    "unreadable": "a client sent what cannot be read as a request of HTTP/1.1, or is too long or "
    "too slow, so the journal has no row of it; https:// needs serve --tls, and with TLS a client "
    "must use https:// and trust the certificate",
    "upload_contents": "more was uploaded than is kept: the oldest files lose their content",
    "uploads": "more files were uploaded than are remembered: the oldest are forgotten",
    "used_keys": "more words were used as API keys than are remembered: the oldest may be taken "
    "for secret keys again",
}
"""What is said of each limit, by its name."""
