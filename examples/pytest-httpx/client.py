"""An async client that follows a job, with httpx."""

import asyncio

import httpx


async def wait_for_result(base_url, api_key, job_id, every=30):
    """Poll a job until it has finished; return the result's bytes."""
    async with httpx.AsyncClient(timeout=10) as client:
        job = f"{base_url}/v1/external/retrain_jobs/{job_id}"
        while True:
            try:
                reply = (await client.get(job, headers={"x-api-key": api_key})).json()
            except (httpx.TransportError, ValueError):  # no answer, or half of one
                reply = {}
            if reply.get("status") == "job_finished":
                return (await client.get(reply["download_url"])).content
            if "code" in reply:
                raise RuntimeError(reply["message"])
            await asyncio.sleep(every)


async def wait_for_all(base_url, api_key, job_ids):
    """Follow several jobs side by side."""
    return await asyncio.gather(*(wait_for_result(base_url, api_key, each) for each in job_ids))
