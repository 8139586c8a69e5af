#!/bin/sh
# Clients that are not Python, curl and Node, poll a job to its end against `mock-p1 serve`. Exit 0 if both do, and the
# server ends well. Usage: .ci/clients.sh [PYTHON]
set -eu

python=${1:-python}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
export NO_PROXY="*" no_proxy="*"

fail() {
    echo "clients: $*" >&2
    cat "$work/serve.err" >&2
    exit 1
}

serve() {
    "$python" -m mock_p1 serve happy-path --port 0 >"$work/serve.out" 2>"$work/serve.err" &
    server=$!
    for _ in $(seq 100); do
        url=$(grep -o 'http://127\.0\.0\.1:[0-9]*' "$work/serve.out" | head -n 1)
        test -z "$url" || return 0
        kill -0 "$server" 2>/dev/null || fail "the server did not start"
        sleep 0.1
    done
    fail "the server said no URL within ten seconds"
}

end() {
    kill -TERM "$server"
    wait "$server" || fail "the server ended with exit status $?"
    server=
}

# The manual's own command line, to the letter: no blank after the colon, and -G beside -X GET.
poll_by_curl() {
    (cd "$work" && curl --silent --show-error -o response.json -H "x-api-key:KEY" -X GET -G "$1")
}

serve
seen=
while :; do
    poll_by_curl "$url/v1/external/retrain_jobs/retrain-001" || fail "curl ended with exit status $?"
    status=$(sed -n 's/^{"status": "\([a-z_]*\)".*/\1/p' "$work/response.json")
    seen="$seen $status"
    case $status in
        job_finished) break ;;
        job_waiting | job_running) ;;
        *) fail "curl got: $(cat "$work/response.json")" ;;
    esac
done
expected=" job_waiting job_waiting job_running job_running job_running job_finished"
test "$seen" = "$expected" || fail "curl saw$seen"
link=$(sed -n 's/.*"download_url": "\([^"]*\)".*/\1/p' "$work/response.json")
curl --silent --show-error --fail -o "$work/result.zip" "$link" || fail "curl could not fetch the result from $link"
test "$(head -c 2 "$work/result.zip")" = PK || fail "the result is no ZIP"
echo "curl:$seen, result of $(wc -c <"$work/result.zip") bytes"
end

serve
node "$here/tests/clients/poll.mjs" "$url" KEY retrain-001 || fail "the Node client failed"
end
