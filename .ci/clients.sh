#!/bin/sh
# Clients that are not Python, curl and Node, poll a job to its end against `mock-p1 serve`, curl resets it, and autocannon (from
# npm) loads it with and without think times. Exit 0 if all do without an error, and the server ends well.
# Usage: .ci/clients.sh [PYTHON]
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
    (cd "$work" && curl --silent --show-error --max-time 10 -o response.json -H "x-api-key:KEY" -X GET -G "$1")
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
curl --silent --show-error --fail --max-time 60 -o "$work/result.zip" "$link" || fail "curl could not fetch the result from $link"
test "$(head -c 2 "$work/result.zip")" = PK || fail "the result is no ZIP"
curl --silent --show-error --fail --max-time 60 -o "$work/reset.json" -X POST "$url/__admin/reset" || fail "curl could not reset the mock"
poll_by_curl "$url/v1/external/retrain_jobs/retrain-001" || fail "curl ended with exit status $?"
grep -q '"status": "job_waiting"' "$work/response.json" || fail "the reset had no effect: $(cat "$work/response.json")"
echo "curl:$seen, result of $(wc -c <"$work/result.zip") bytes; then a reset, and from the beginning again"
end

serve
node "$here/tests/clients/poll.mjs" "$url" KEY retrain-001 || fail "the Node client failed"
npm install -s --prefix "$work" --ignore-scripts --no-audit autocannon@8.0.0 || fail "npm could not install autocannon"
load() { # load OPTION…: fifty connections; every answer is a 200
    "$work/node_modules/.bin/autocannon" -c 50 -H "x-api-key: load" --json "$@" \
        "$url/v1/external/retrain_jobs/retrain-001" >"$work/load.json" 2>"$work/load.err" || fail "autocannon $*: $(cat "$work/load.err")"
    node -e '
        const { errors, timeouts, non2xx, "2xx": well } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
        console.log(`autocannon: ${well} polls answered, ${errors} errors, ${timeouts} time-outs, ${non2xx} other answers`);
        process.exit(well >= 200 && errors + timeouts + non2xx === 0 ? 0 : 1);
    ' "$work/load.json" || fail "autocannon $* met an error"
}
load -a 5000
load -d 3 --overallRate 100
end
