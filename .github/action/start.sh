#!/usr/bin/env bash
# Starts `mock-p1 serve` in the background and waits until it is well; SCENARIO, PORT, OPTIONS, PACKAGE: see action.yml.
set -euo pipefail

folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/mock-p1.XXXXXX")
if [[ -n $PACKAGE ]] || ! command -v mock-p1 >/dev/null; then
    python=$(command -v python3 || command -v python)
    "$python" -m venv "$folder/venv"
    programs=$folder/venv/bin
    [[ -d $programs ]] || programs=$folder/venv/Scripts # on Windows
    "$programs/python" -m pip install --quiet "${PACKAGE:-$GITHUB_ACTION_PATH[all]}"
    PATH=$programs:$PATH
fi

read -r -a options <<<"$OPTIONS"
nohup mock-p1 serve "$SCENARIO" --port "$PORT" --port-file "$folder/port" ${options[@]+"${options[@]}"} \
    >"$folder/log" 2>&1 </dev/null &
echo "$!" >"$folder/pid"

for _ in $(seq 300); do
    [[ ! -s $folder/port ]] || break
    kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
    sleep 0.1
done
if [[ ! -s $folder/port ]]; then
    cat "$folder/log"
    echo "::error::the mock did not start: $(tail -n 1 "$folder/log")"
    exit 1
fi
port=$(tr -d '\r\n' <"$folder/port")
tls=()
[[ " $OPTIONS " != *" --tls"* ]] || tls=(--tls)
mock-p1 healthcheck --port "$port" --wait 30s ${tls[@]+"${tls[@]}"}
{
    echo "url=http${tls:+s}://127.0.0.1:$port"
    echo "port=$port"
    echo "log=$folder/log"
} >>"$GITHUB_OUTPUT"
