"""An app that follows a job, with the standard library alone; what it talks to, variables say."""

import json
import os
import time
from urllib.request import Request, urlopen

URL, KEY = os.environ["RETRAIN_API_URL"], os.environ["RETRAIN_API_KEY"]
EVERY_SECONDS = float(os.environ.get("EVERY_SECONDS", "1"))

status = ""
while status != "job_finished":
    asked = Request(f"{URL}/v1/external/retrain_jobs/retrain-001", headers={"x-api-key": KEY})
    with urlopen(asked, timeout=10) as answer:
        reply = json.load(answer)
    if reply["status"] != status:
        status = reply["status"]
        print(status, flush=True)
    time.sleep(EVERY_SECONDS)
print("the result:", reply["download_url"].rpartition("/")[2])
