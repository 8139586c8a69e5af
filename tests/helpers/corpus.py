"""Where fuzzing begins: inputs of the kinds that have been trouble, or may be."""

JOB = "/v1/external/retrain_jobs/steady"


def request(line, *headers, body="", host="Host: 127.0.0.1"):
    """Return a request as it goes over the wire."""
    return "\r\n".join([line, *([host] if host else []), *headers, "", body]).encode()


REQUESTS = [
    request(f"GET {JOB} HTTP/1.1", "x-api-key: demo-key"),
    request(f"GET {JOB} HTTP/1.0", "Connection: keep-alive"),
    request(f"GET {JOB} HTTP/1.1", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
    request("PRI * HTTP/2.0", body="SM\r\n\r\n", host=""),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    request(
        "POST /__admin/reset HTTP/1.1",
        *("Content-Type: application/json", "Content-Length: 2"),
        body="{}",
    ),
    request(
        "POST /__admin/reset HTTP/1.1",
        "Transfer-Encoding: chunked",
        body="2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
    ),
    request(
        "POST /__admin/reset HTTP/1.1",
        *("Transfer-Encoding: chunked", "Content-Length: 3"),
        body="0\r\n\r\n",
    ),
    request("POST /__admin/reset HTTP/1.1", "Content-Length: 1", "Content-Length: 2", body="{}"),
    request(
        "PUT /__admin/scenario HTTP/1.1",
        *("Content-Type: application/yaml", "Content-Length: 8"),
        body="jobs: {}",
    ),
    request("PUT /__admin/scenario HTTP/1.1", "Expect: 100-continue", "Content-Length: 99"),
    request("GET //__admin/jobs HTTP/1.1"),
    request("GET /./__admin/jobs HTTP/1.1"),
    request("GET /%5f%5Fadmin/jobs HTTP/1.1"),
    request("GET http://127.0.0.1//__admin/../__admin/jobs HTTP/1.1"),
    request("GET /__admin/jobs HTTP/1.1", "Via: 1.1 x", "X-Forwarded-For: 8.8.8.8"),
    request("GET /__admin/jobs?limit=1&offset=9999999999999999 HTTP/1.1"),
    request("GET /results/x/steady/1/a.zip HTTP/1.1", "Range: bytes=0-0,-1,5-", 'If-Range: W/"a"'),
    request("PUT /uploads/x/steady/a.csv HTTP/1.1", "Content-Length: 3", body="a,b"),
    request("GET / HTTP/1.1", *["A: b"] * 300),
    request(f"GET /{'a/' * 3000} HTTP/1.1"),
    request(f"GET {JOB} HTTP/1.1").replace(b"\r\n", b"\n"),
    request(f"GET {JOB} HTTP/1.1", " folded: x", ": empty", "no colon"),
    b"\r\n\r\n\r\n" + request(f"GET {JOB} HTTP/1.1"),
    f"GET {JOB}\r\n".encode(),
    request("CONNECT 127.0.0.1:1 HTTP/1.1"),
    request("GET /日本\0?é=ü HTTP/1.1", host="Host: é"),
]
"""What may come on a socket."""

PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b"\xff", b" ", b"\t", b":", b";", b",", b"%", b"%2f", b"//"),
    *(b"/./", b"/../", b"0", b"-1", b"99999999999999999999", b"ffffffffffffffffff\r\n"),
    *(b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"HTTP/1.1"),
    *(b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"\x1b[2J", b"\xe2\x80\xae"),
]
"""What is put into them."""

STEP = "jobs: {a: {timeline: [{status: job_finished, message: {fake: %s}}]}}\n"

SCENARIOS = [
    STEP % "random_number, digits: 1000000000",
    STEP % "text, max_nb_chars: 1000000000",
    STEP % "pystr, max_chars: 1000000000",
    STEP % "csv, num_rows: 1000000000",
    STEP % "pylist, nb_elements: 1000000000, value_types: [str, int]",
    STEP % f"bothify, text: '{'?#' * 50}'",
    STEP % "json, num_rows: 99, data_columns: {a: {b: [pystr, '{{profile}}']}}",
    STEP % "pystr_format, string_format: '{{profile}}{{text}}'",
    "%TAG !a! x\r%TAG !b! y\x85%TAG !c! z\u2028%YAML 1.1\n---\njobs: {}\n",
    "jobs: {a: {timeline: [{status: 1}, {statas: a}, {}, {status: s, for: 1 pole}]}}\n",
    "jobs: {'a*': {error: job_may_be_deleted}, '*a*b': {error: user_may_be_deleted}}\n",
    "generated_jobs: [{count: 1000000, prefix: p, timeline: [{status: s}]}]\n",
    "generated_jobs: [{count: 50000000, timeline: [{status: s}]}]\n",
    "jobs: {a: {timeline: [{status: s, result: {file: ././r.zip}}]}}\n",
    "variables: true\ndescription: '${A:-${B}} $${ ${ ${}'\njobs: {}\n",
    "api_keys: {'k*': active, key-1: active}\njobs: {a: {api_key: key-2, error: x}}\n",
    'description: "\\e[2J \\u202e\\u2066 \\0"\njobs: {"\\e]0;x\\a": {error: job_may_be_deleted}}\n',
    "x-a: &a [*a, &b {<<: *b}]\njobs: {<<: [*a, *b]}\n",
    "seed: 1e999\njobs: {007: {timeline: [{status: s, model_id: 99999999999999999999}]}}\n",
    "new_jobs: {ids: [a, a, '*'], timeline: [{status: s, for: upload}, {status: t}]}\n",
    "calls: {file_upload: [ok, {error: x}, {reply: {status_code: 204, body: x}}]}\njobs: {}\n",
    "rate_limit: {polls: 1, per: 1ns, on: [get_api_key]}\njobs: {'*': {timeline: [{status: s}]}}\n",
    "jobs: {a: {at_end: loop, timeline: [{status: s, for: 1 poll, delay: 1s..0s}]}}\n",
]
"""Texts of scenarios."""
