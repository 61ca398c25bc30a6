#!/usr/bin/env bash
# Requests a second of /recommend beside its measures, in one run and in turns: the same model size
# behind FastAPI + implicit (PEER_DIR with serve_fastapi.py, PEER_PYTHON with its packages), and what
# libmicrohttpd gives for a fixed text. Needs wrk. Prints medians and ratios; asserts nothing.
# PEER_NPZ=FILE: the data as SciPy CSR; else PEER_DIR/gen_synth.py or our own generator makes it.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build/release}")
bin=$build/recsys-tui
peer_dir=${PEER_DIR:-../shared/peers}
python=${PEER_PYTHON:-.venv-interop/bin/python}
seconds=${BENCH_SECONDS:-8} rounds=${BENCH_ROUNDS:-3}
users=${BENCH_USERS:-138493} items=${BENCH_ITEMS:-26744} rows=${BENCH_ROWS:-20000000}
threads=$(($(nproc) > 1 ? $(nproc) - 1 : 1)) # as many as the server's own default
command -v wrk >/dev/null || { echo "bench-serve: wrk is not installed (make deps-dev)"; exit 1; }
work=$(mktemp -d)
pids=()
stop_all() {
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop_all EXIT

peer=no
if [ -e "$peer_dir/serve_fastapi.py" ] && "$python" -c 'import fastapi, implicit, uvicorn' 2>/dev/null; then
    peer=yes
fi
npz=${PEER_NPZ:-}
if [ -z "$npz" ] && [ $peer = yes ]; then
    npz=$work/data.npz
    "$python" "$peer_dir/gen_synth.py" --users "$users" --items "$items" --interactions "$rows" \
        --seed 7 --npz "$npz" >/dev/null
fi

ws=$work/ws
run() { "$bin" --quiet --workspace "$ws" "$@" >/dev/null; }
if [ -n "$npz" ]; then
    run data import "$npz" --name bench --format npz
else
    run data fetch --dataset synthetic --users "$users" --items "$items" --interactions "$rows" --seed 7
    run data prepare --dataset synthetic
fi
set_name=$([ -n "$npz" ] && echo bench || echo synthetic)
run data split --dataset "$set_name" --protocol none
run train --dataset "$set_name" --split none --model als --set factors=64 --set iterations=2 --name bench
run model register --run bench
run model promote bench --force --reason bench

wait_for() { # wait_for PORT PATH
    for _ in $(seq 1 600); do
        curl -fs -o /dev/null "http://127.0.0.1:$1$2" && return
        sleep 0.1
    done
    echo "bench-serve: port $1 does not answer" >&2
    exit 1
}
start_ours() { # start_ours PORT OVERRIDE…
    local port=$1
    shift
    "$bin" --workspace "$ws" serve --port "$port" "$@" >"$work/serve.$port.out" 2>"$work/serve.$port.log" &
    pids+=($!)
    wait_for "$port" /ready
}
measure() { # measure NAME PORT USERS: a line in $work/NAME
    USERS=$3 wrk -t1 -c16 -d"${seconds}s" --latency -s tests/bench/recommend.lua \
        "http://127.0.0.1:$2" | sed -n 's/^RESULT //p' >>"$work/$1"
}
median() { cut -d' ' -f"$2" "$work/$1" | sort -g | sed -n "$(((rounds + 1) / 2))p"; }
row() { # row NAME TEXT
    printf '%-34s %9.0f/s  p50 %7.3f ms  p99 %7.3f ms  errors %s\n' "$2" "$(median "$1" 1)" \
        "$(median "$1" 2)" "$(median "$1" 3)" "$(cut -d' ' -f4 "$work/$1" | paste -sd+ | bc)"
}
ratio() { awk -v a="$(median "$1" 1)" -v b="$(median "$2" 1)" 'BEGIN{printf "%.2f", a / b}'; }

start_ours 8131 serving.cache_mb=0
start_ours 8132 serving.cache_mb=64
bytes=$(curl -fs -d '{"user_id": 1, "k": 10}' -H 'Content-Type: application/json' \
    http://127.0.0.1:8132/recommend | wc -c)
sleep infinity | "$build/tests/bench/bench_static" 8133 "$threads" "$bytes" &
pids+=($!)
if [ $peer = yes ]; then
    (cd "$peer_dir" && PEER_NPZ=$(realpath "$npz") exec "$python" -m uvicorn --host 127.0.0.1 --port 8134 --workers 2 \
        --log-level warning serve_fastapi:app) &
    pids+=($!)
    wait_for 8134 /health
fi
for _ in $(seq 1 "$rounds"); do
    measure uncached 8131 138000
    measure cached 8132 100
    measure static 8133 100
    [ $peer = no ] || measure peer 8134 138000
done
echo "== /recommend, $items items x 64 factors, k=10, 16 connections, $rounds rounds of $seconds s, medians"
row uncached "recsys-tui, nothing kept"
row cached "recsys-tui, finished answers kept"
row static "libmicrohttpd, a fixed text"
echo "cached / static: $(ratio cached static)"
if [ $peer = yes ]; then
    row peer "FastAPI + implicit, 2 workers"
    echo "uncached / FastAPI: $(ratio uncached peer)"
else
    echo "(no peer: PEER_PYTHON with fastapi, uvicorn and implicit for the ratio)"
fi
