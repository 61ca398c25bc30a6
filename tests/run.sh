#!/usr/bin/env bash
# Run test binaries, show what failed, and end with one line: N passed, M failed[, K skipped].
# usage: tests/run.sh BINARY…      (each prints cmocka's lines; RS_TEST_JOBS at once, default: cores)
set -uo pipefail
jobs=${RS_TEST_JOBS:-$(nproc)}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export out OMP_WAIT_POLICY=passive # as the program itself sets it
run_one() {
    local t=$1 n
    n=$(printf '%s' "$t" | tr / _)
    local t0 t1
    t0=$(date +%s%N)
    timeout "${RS_TEST_TIMEOUT:-170}" "$t" >"$out/$n.log" 2>&1
    local rc=$?
    t1=$(date +%s%N)
    echo "$rc $(((t1 - t0) / 1000000)) $t" >"$out/$n.rc"
}
export -f run_one
printf '%s\n' "$@" | xargs -P "$jobs" -I{} bash -c 'run_one {}'
passed=0 failed=0 skipped=0
for rcfile in "$out"/*.rc; do
    read -r rc ms t <"$rcfile"
    log=${rcfile%.rc}.log
    p=$(grep -aoE '^\[  PASSED  \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | awk '{s+=$1} END{print s+0}')
    f=$(grep -aoE '^\[  FAILED  \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | awk '{s+=$1} END{print s+0}')
    s=$(grep -aoE '^\[  SKIPPED \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | awk '{s+=$1} END{print s+0}')
    if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$rc" -ne 0 ]; then
        echo "---- $t (exit $rc)"
        grep -avE '^\[ RUN      \]|^\[       OK \]' "$log" | tail -n 60
    elif [ -n "${RS_TEST_SLOW:-}" ] && [ "$ms" -gt "$RS_TEST_SLOW" ]; then
        echo "slow: $t $ms ms"
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
