# shellcheck shell=bash
# What the long checks share: a workspace with several versions, a server, and what it holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=$(realpath "${BUILD:-build/release}")/recsys-tui
work=$(mktemp -d)
ws=$work/ws
pids=()
passed=0 failed=0
stop_all() {
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop_all EXIT
run() { "$bin" --quiet --workspace "$ws" "$@"; }
check() { # check NAME CONDITION…
    if [ "$2" -eq 1 ]; then
        passed=$((passed + 1))
        echo "ok $1"
    else
        failed=$((failed + 1))
        echo "FAILED $1"
    fi
}
holds() { awk "BEGIN{print ($1) ? 1 : 0}"; }
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
make_versions() { # make_versions N USERS ITEMS ROWS: N versions of a made dataset, all registered
    run data fetch --dataset synthetic --users "$2" --items "$3" --interactions "$4" --seed 7 >/dev/null
    run data prepare --dataset synthetic >/dev/null
    run data split --dataset synthetic --protocol user-temporal >/dev/null
    for i in $(seq 1 "$1"); do
        run train --dataset synthetic --split user-temporal --model als --set factors=32 --set iterations=3 \
            --seed "$i" --name "v$i" >/dev/null
        run model register --run "v$i" >/dev/null
    done
    run model promote v1 --force --reason start >/dev/null
}
start_server() { # start_server PORT OVERRIDE…: its pid in $server
    local port=$1
    shift
    "$bin" --workspace "$ws" serve --port "$port" "$@" >"$work/out" 2>"$work/log" &
    server=$!
    pids+=("$server")
    for _ in $(seq 1 200); do
        curl -fs -o /dev/null "http://127.0.0.1:$port/ready" && return
        sleep 0.1
    done
    cat "$work/log"
    echo "the server does not answer"
    exit 1
}
rss_kb() { awk '/^VmRSS/{print $2}' "/proc/$server/status"; }
descriptors() { find "/proc/$server/fd" -mindepth 1 | wc -l; }
maps() { grep -c rsm "/proc/$server/maps" || true; }
