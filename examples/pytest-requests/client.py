"""A client of the whole sequence, with requests."""

import time

import requests


class RetrainingFailedError(Exception):
    """The job has failed, or the service refuses a call."""


def retrain(base_url, secret_key, model_id, name, content, every=30, limit=3 * 3600):
    """Send a file, wait for its job, switch to the new model; return the result's bytes."""
    api = f"{base_url}/v1/external"
    query = {"credential_type": "retrain", "model_id": model_id}
    key = _json(
        requests.get(f"{api}/api-key", query, headers={"x-api-key": secret_key}, timeout=10)
    )
    headers = {"x-api-key": key["api_key"]}
    jobs = f"{api}/retrain_jobs"
    created = _json(
        requests.get(f"{jobs}/upload_url", {"filename": name}, headers=headers, timeout=10)
    )
    requests.put(created["upload_url"], data=content, timeout=600).raise_for_status()

    job = f"{jobs}/{created['retrain_job_id']}"
    deadline = time.monotonic() + limit
    while (reply := _poll(job, headers))["status"] != "job_finished":
        if reply["status"] == "job_failed":
            raise RetrainingFailedError(reply.get("message"))
        if time.monotonic() > deadline:
            raise TimeoutError(f"{job} has not finished within {limit} s")
        time.sleep(max(every, reply.get("wait", 0)))

    result = requests.get(reply["download_url"], timeout=600)  # a link: it takes no key
    result.raise_for_status()
    _json(requests.put(f"{job}/update_model", headers=headers, timeout=10))
    return result.content


def _poll(job, headers):
    """Return the reply to a poll, or one without news where there is none."""
    try:
        answer = requests.get(job, headers=headers, timeout=10)
    except (requests.ConnectionError, requests.Timeout):
        return {"status": "unknown"}
    if answer.status_code in (429, 503):
        return {"status": "unknown", "wait": int(answer.headers.get("Retry-After", 0))}
    return _json(answer)


def _json(answer):
    body = answer.json()
    if "code" in body:
        raise RetrainingFailedError(body["message"])
    return body
