#!/usr/bin/env bash
# Compare the program with Python tools on real data, in a virtual environment of its own.
# Every check is a tests/interop/*_check.py that prints "ok …" or "FAILED …" lines.
# usage: BIN=PROGRAM RECSYS_DATA_MIRROR=FOLDER tests/interop/run.sh [CHECK…]
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${BIN:?the program to check (make interop sets it)}"
: "${RECSYS_DATA_MIRROR:?a folder or address that holds ml-latest-small.zip}"
case $RECSYS_DATA_MIRROR in
*://*) ;;
*) RECSYS_DATA_MIRROR=$(realpath "$RECSYS_DATA_MIRROR") ;;
esac
BIN=$(realpath "$BIN")
export BIN RECSYS_DATA_MIRROR

venv=.venv-interop
wanted=tests/interop/requirements.txt
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    echo "interop: preparing $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi

# What the browser saw stays behind, for people and as an artifact of CI.
export SCREENSHOTS=${SCREENSHOTS:-$PWD/build/screenshots}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
checks=("$@")
[ ${#checks[@]} -gt 0 ] || checks=(tests/interop/*_check.py)
for check in "${checks[@]}"; do
    name=$(basename "$check" .py)
    mkdir "$out/$name"
    echo "---- $name"
    rc=0
    "$venv/bin/python" "$check" "$out/$name" 2>&1 | tee "$out/$name.log" || rc=$?
    # A check that stops half-way counts as one failure even if every line before was good.
    if [ "$rc" -ne 0 ] && ! grep -q '^FAILED' "$out/$name.log"; then
        echo "FAILED $name: exit status $rc" | tee -a "$out/$name.log"
    fi
done
passed=$(cat "$out"/*.log | grep -c '^ok ' || true)
failed=$(cat "$out"/*.log | grep -c '^FAILED' || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
