"""An app that follows a job, with the standard library alone; what it talks to, variables say."""

import json
import os
import sys
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL, KEY = os.environ["RETRAIN_API_URL"], os.environ["RETRAIN_API_KEY"]
EVERY_SECONDS = float(os.environ.get("EVERY_SECONDS", "1"))
LIMIT_SECONDS = float(os.environ.get("LIMIT_SECONDS", "10800"))
BUSY = (429, 500, 502, 503, 504)


def poll():
    """Return the reply to a poll, and the seconds to wait; no reply where none came, or half."""
    asked = Request(f"{URL}/v1/external/retrain_jobs/retrain-001", headers={"x-api-key": KEY})
    try:
        with urlopen(asked, timeout=10) as answer:
            return json.load(answer), EVERY_SECONDS
    except HTTPError as error:
        if error.code not in BUSY:
            sys.exit(f"HTTP {error.code}: {error.read().decode()}")
        after = error.headers.get("Retry-After", "")
        return {}, float(after) if after.isdecimal() else EVERY_SECONDS
    except (OSError, HTTPException, ValueError):
        return {}, EVERY_SECONDS


status, link, deadline = "", None, time.monotonic() + LIMIT_SECONDS
while not link:
    reply, wait = poll()
    if reply.get("status", status) != status:
        status = reply["status"]
        print(status, flush=True)
    if status == "job_failed" or "code" in reply:
        sys.exit(f"no result: {reply.get('message')}")
    if time.monotonic() > deadline:
        sys.exit(f"no result within {LIMIT_SECONDS:g} s")
    link = reply.get("download_url")  # optional: it may come later, or never
    time.sleep(0 if link else wait)
print("the result:", link.rpartition("/")[2])
