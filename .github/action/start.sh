#!/usr/bin/env bash
# Starts `mock-p1 serve` in the background and waits until it is well; SCENARIO, PORT, OPTIONS, PACKAGE: see action.yml.
set -euo pipefail

folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/mock-p1.XXXXXX")
if [[ -n $PACKAGE ]] || ! command -v mock-p1 >/dev/null; then
    python=
    for each in python3 python; do
        "$each" -c "import sys; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1 || continue
        python=$each
        break
    done
    if [[ -z $python ]]; then
        echo "::error::mock-p1 needs Python 3.11 or newer to be installed; put actions/setup-python before this step"
        exit 1
    fi
    "$python" -m venv "$folder/venv"
    programs=$folder/venv/bin
    [[ -d $programs ]] || programs=$folder/venv/Scripts # on Windows
    "$programs/python" -m pip install --quiet "${PACKAGE:-$GITHUB_ACTION_PATH[all]}"
    echo "$programs" >>"$GITHUB_PATH" # for the steps that follow
    ! command -v cygpath >/dev/null || programs=$(cygpath "$programs")
    PATH=$programs:$PATH
fi

read -r -d "" -a options <<<"$OPTIONS" || true # of all lines; there is no end but that of the text
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
    [[ ! -e $SCENARIO ]] || mock-p1 check --format github "$SCENARIO" || true # marks its lines
    exit 1
fi
port=$(tr -d '\r\n' <"$folder/port")
tls=()
[[ " ${options[*]-}" != *" --tls"* ]] || tls=(--tls)
mock-p1 healthcheck --port "$port" --wait 30s ${tls[@]+"${tls[@]}"}
{
    echo "url=http${tls:+s}://127.0.0.1:$port"
    echo "port=$port"
    echo "log=$folder/log"
    echo "authority=$(sed -n -e 's/^ *authority  \(.*\) (.*)$/\1/p' -e 's/.*"authority": "\([^"]*\)".*/\1/p' "$folder/log")"
} >>"$GITHUB_OUTPUT"
