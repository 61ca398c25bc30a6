#!/usr/bin/env bash
# Promotions and rollbacks by another process while the server is under load: no request fails, and
# after the first hundred neither memory nor descriptors grow. SWAPS: how many (1000).
# shellcheck source=tests/soak/common.sh
source "$(dirname "$0")/common.sh"
swaps=${SWAPS:-1000} port=${PORT:-8141}
make_versions 3 2000 3000 200000
start_server "$port" serving.access_log=none
USERS=2000 wrk -t1 -c8 -d3600s -s tests/bench/recommend.lua "http://127.0.0.1:$port" >"$work/wrk" &
wrk=$!
pids+=("$wrk")
version() { curl -fs "http://127.0.0.1:$port/health" | sed -n 's/.*"model_version": *\([0-9]*\).*/\1/p'; }
slowest=0
for i in $(seq 1 "$swaps"); do
    if [ $((i % 2)) -eq 1 ]; then
        want=$((i / 2 % 2 + 2))
        run model promote "$want" --force --reason "swap $i" >/dev/null
    else
        want=$(run --json model rollback | sed -n 's/^  "version": \([0-9]*\).*/\1/p')
    fi
    begun=$(date +%s%3N)
    until [ "$(version)" = "$want" ]; do
        if [ $(($(date +%s%3N) - begun)) -gt 5000 ]; then break; fi
        sleep 0.02
    done
    took=$(($(date +%s%3N) - begun))
    [ "$took" -le "$slowest" ] || slowest=$took
    if [ "$i" -eq 100 ] || { [ "$swaps" -lt 100 ] && [ "$i" -eq $((swaps / 2)) ]; }; then
        rss=$(rss_kb) fds=$(descriptors)
    fi
done
end_rss=$(rss_kb) end_fds=$(descriptors) open=$(maps)
kill -INT "$wrk"
wait "$wrk" || true
read -r _ rate p50 p99 errors <<<"$(grep RESULT "$work/wrk")"
echo "$swaps swaps, $rate requests/s, p50 $p50 ms, p99 $p99 ms; slowest swap $slowest ms"
echo "memory $rss -> $end_rss kB, descriptors $fds -> $end_fds, bundles mapped $open"
check "no request failed" "$(holds "$errors == 0 && $rate > 0")"
check "every swap reached the server within 1 s" "$(holds "$slowest <= 1000")"
check "memory does not grow" "$(holds "$end_rss <= $rss * 1.05 + 2048")"
check "descriptors do not grow" "$(holds "$end_fds <= $fds + 4")"
kill "$server"
status=0
wait "$server" || status=$?
check "SIGTERM ends it with 0" "$(holds "$status == 0")"
finish
