"""A scenario whose result no connection holds, and a client that reads it bit by bit."""

import socket

SIZE = 16 * 1024 * 1024
"""More than the buffers of a connection hold, on any system."""

SCENARIO = """
api_keys: {key: active}
jobs:
  old: {timeline: [{status: job_finished, result: {file: big.csv}}]}
"""


def small_client(host, port):
    """Connect a socket with a small buffer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(10)
    client.connect((host, port))
    return client


def read_result(client, left=SIZE):
    """Read so many bytes, or to the end where it is nearer; return how many are missing."""
    while left > 0 and (piece := client.recv(1 << 20)):
        left -= len(piece)
    return max(0, left)


def write_into(folder):
    """Write the scenario and its result; return the scenario's file."""
    (folder / "big.csv").write_bytes(b"1,2,3,4\n" * (SIZE // 8))
    path = folder / "big.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path
