#!/usr/bin/env bash
# Full load for MINUTES (10) with feedback posted and one training job beside it, then SIGKILL: every
# event that was answered 2xx is in the store, nothing failed, and p99 stays within 3 x idle.
# shellcheck source=tests/soak/common.sh
source "$(dirname "$0")/common.sh"
minutes=${MINUTES:-10} port=${PORT:-8142}
seconds=$(awk "BEGIN{print int($minutes * 60)}")
make_versions 1 20000 8000 2000000
export TOKEN
TOKEN=$(run --json token add soak --scope write | sed -n 's/^  "token": "\(.*\)".*/\1/p')
start_server "$port" serving.access_log=errors
load() { # load SECONDS FILE
    USERS=20000 wrk -t1 -c16 -d"$1s" --latency -s tests/bench/recommend.lua "http://127.0.0.1:$port" >"$2"
}
p99_of() { awk '/^RESULT/{print $4}' "$1"; }
idle=()
for i in 1 2 3; do
    load 5 "$work/idle.$i"
    idle+=("$(p99_of "$work/idle.$i")")
done
idle_p99=$(printf '%s\n' "${idle[@]}" | sort -g | sed -n 2p)
train() { # one training after the other, until told to stop
    while [ ! -e "$work/stop" ]; do
        run train --dataset synthetic --split user-temporal --model als --set factors=32 \
            --set iterations=10 --threads 1 --seed "$RANDOM" >/dev/null
    done
}
train &
trainer=$!
pids+=("$trainer")
PAUSE_MS=20 wrk -t1 -c4 -d"$((seconds + 60))s" -s tests/soak/feedback.lua \
    "http://127.0.0.1:$port" >"$work/feedback" &
poster=$!
pids+=("$poster")
begun_rss=$(rss_kb)
load "$seconds" "$work/load"
end_rss=$(rss_kb)
touch "$work/stop"
kill -KILL "$server" # with posts in flight
wait "$server" || true
kill -INT "$poster"
wait "$poster" || true
wait "$trainer" || true
read -r _ acked _ refused <<<"$(grep ACKED "$work/feedback")"
stored=$(run --json data import --feedback --name synthetic | sed -n 's/^  "feedback_rows": \([0-9]*\).*/\1/p')
read -r _ rate p50 p99 errors <<<"$(grep RESULT "$work/load")"
echo "$minutes min: $rate requests/s, p50 $p50 ms, p99 $p99 ms (idle $idle_p99 ms), errors $errors"
echo "feedback: $acked answered 2xx, $refused refused, $stored in the store; memory $begun_rss -> $end_rss kB"
check "no request failed" "$(holds "$errors == 0 && $rate > 0")"
check "no feedback was refused" "$(holds "$refused == 0 && $acked > 0")"
check "every feedback answered 2xx is in the store" "$(holds "$stored >= $acked")"
check "p99 within 3 x idle" "$(holds "$p99 <= 3 * $idle_p99")"
run db check >/dev/null
check "the store is sound" 1
finish
