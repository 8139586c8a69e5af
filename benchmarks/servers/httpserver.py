"""A peer: pytest-httpserver with one constant reply, outside of pytest, as it documents it.

The arguments are the body and the port.
"""

from __future__ import annotations

import sys
import threading

from pytest_httpserver import HTTPServer

if __name__ == "__main__":
    server = HTTPServer(host="127.0.0.1", port=int(sys.argv[2]), threaded=True)
    server.expect_request("/v1/external/retrain_jobs/job-000001").respond_with_data(
        sys.argv[1], content_type="application/json"
    )
    server.start()
    threading.Event().wait()
