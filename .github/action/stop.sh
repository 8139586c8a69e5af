#!/usr/bin/env bash
# Stops every mock that start.sh has started in this job, and shows the last lines of its log.
set -euo pipefail

for file in "${RUNNER_TEMP:-/tmp}"/mock-p1.*/pid; do
    [[ -e $file ]] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "stopped the mock of process $pid; its log ends so:"
    tail -n 20 "$(dirname "$file")/log"
    rm -r "$(dirname "$file")"
done
