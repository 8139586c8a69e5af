"""For scale: what people write by hand, a Flask route that returns one dict, under waitress.

The arguments are the body and the port.
"""

from __future__ import annotations

import json
import sys

from flask import Flask
from waitress import create_server

PAYLOAD = json.loads(sys.argv[1])
app = Flask(__name__)


@app.get("/v1/external/retrain_jobs/<retrain_job_id>")
def status(retrain_job_id):
    """Answer every job alike."""
    return PAYLOAD


if __name__ == "__main__":
    server = create_server(app, host="127.0.0.1", port=int(sys.argv[2]))
    server.run()
