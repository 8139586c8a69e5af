"""The server behind a real nginx that ends TLS and strips a prefix."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

from mock_p1.base.proxies import Proxies
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.server import Server, ServerThread

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None,
    reason="needs nginx and openssl, which are not installed here",
)

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
(LOCATION,) = re.findall(r"^```nginx\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
"""What the page shows, which is tried here."""

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {chain};
    ssl_certificate_key {key};
{location}
  }}
}}
"""


def _certificate(folder):
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1")
    names = ("-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", folder / "key.pem", "-out", folder / "chain.pem")
    subprocess.run(["openssl", *made, *names, *files], check=True, capture_output=True, timeout=60)


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The URL of nginx, and the certificate to trust; behind it the mock."""
    folder = tmp_path_factory.mktemp("nginx")
    _certificate(folder)
    engine = Engine(load_scenario("happy-path"), proxies=Proxies(trusted=["127.0.0.1"]))
    with ServerThread(Server(engine, admin_token="t")) as served:
        port = _free_port()
        text = CONFIGURATION.format(
            folder=folder,
            port=port,
            chain=folder / "chain.pem",
            key=folder / "key.pem",
            location=LOCATION.replace("8191", str(served.server.port)),
        )
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        nginx = subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-p", folder])
        try:
            _wait_for(port, nginx)
            yield f"https://127.0.0.1:{port}/p1", str(folder / "chain.pem")
        finally:
            nginx.terminate()
            nginx.wait(10)


def _wait_for(port, nginx):
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        assert nginx.poll() is None, "nginx has ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


def _ask(method, url, certificate, **options):
    return requests.request(
        method, url, verify=certificate, timeout=10, allow_redirects=False, **options
    )


def test_the_whole_sequence_through_nginx(gateway):
    """Every link leads back through it: over TLS, and below its prefix."""
    base, trusted = gateway
    api, key = f"{base}/v1/external/retrain_jobs", {"x-api-key": "k"}
    made = _ask("GET", f"{api}/upload_url?filename=a.csv", trusted, headers=key).json()
    assert made["upload_url"].startswith(f"{base}/uploads/")
    assert _ask("PUT", made["upload_url"], trusted, data=b"a\n1\n").ok
    reply = {}
    while "download_url" not in reply:
        reply = _ask("GET", f"{api}/{made['retrain_job_id']}", trusted, headers=key).json()
    assert reply["download_url"].startswith(f"{base}/results/")
    part = _ask("GET", reply["download_url"], trusted, headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.content) == (206, b"PK")


def test_the_control_api_through_nginx(gateway):
    """With the token; redirects and the line for the shell lead back through it too."""
    base, trusted = gateway
    home = _ask("GET", f"{base}/__admin", trusted)
    assert home.headers["Location"] == f"{base}/__admin/"
    asked = {"Authorization": "Bearer t"}
    job = _ask("GET", f"{base}/__admin/jobs/retrain-001", trusted, headers=asked).json()
    assert f'"{base}/v1/external/' in job["curl"]
