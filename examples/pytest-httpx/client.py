"""An async client that follows a job, with httpx."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

BUSY = (429, 500, 502, 503, 504)


async def wait_for_result(base_url, api_key, job_id, every=30, limit=3 * 3600):
    """Poll a job until it has finished; return the result's bytes."""
    job, deadline = f"{base_url}/v1/external/retrain_jobs/{job_id}", time.monotonic() + limit
    async with httpx.AsyncClient(timeout=10) as client:
        while time.monotonic() < deadline:
            after = every
            try:
                answer = await client.get(job, headers={"x-api-key": api_key})
                if answer.status_code not in BUSY:
                    link = _link_in(answer)
                    answer = await client.get(link) if link else answer  # without the key
                    if link and answer.is_success:
                        return answer.content
                after = _seconds_asked(answer, every)
            except (httpx.TransportError, ValueError):
                pass  # no answer, or half of one
            await asyncio.sleep(after)
    raise TimeoutError(f"{job} has no result within {limit} s")


def _link_in(answer):
    """Return the result's link, which may come later; raise where there will be none."""
    reply = answer.json()
    if "code" in reply or not answer.is_success or reply.get("status") == "job_failed":
        raise RuntimeError(reply.get("message", f"HTTP {answer.status_code}"))
    return reply.get("download_url") if reply.get("status") == "job_finished" else None


def _seconds_asked(answer, otherwise):
    """Return what Retry-After asks for: a number of seconds, or a date."""
    text = answer.headers.get("Retry-After", "")
    if text.isdecimal():
        return int(text)
    try:
        return max(0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return otherwise


async def wait_for_all(base_url, api_key, job_ids):
    """Follow several jobs side by side."""
    return await asyncio.gather(*(wait_for_result(base_url, api_key, each) for each in job_ids))
