#!/usr/bin/env bash
# Figures of this machine, each beside its peer where the peer is installed (a Python with polars:
# PEER_PYTHON, or .venv-interop). Prints ratios from one run; asserts nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build/release}
export OMP_WAIT_POLICY=passive # as the program itself sets it
rows=${BENCH_ROWS:-20000000}
python=${PEER_PYTHON:-.venv-interop/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
users=$((rows / 144)) items=$((rows / 748 > 700 ? rows / 748 : 700))

echo "== bench: reading, ALS, ranking on made data"
"$build/recsys-tui" --quiet bench --interactions "${BENCH_SMALL_ROWS:-1000000}"

echo "== one user's exact list, us: every item scored, and pruned"
"$build/tests/bench/bench_topk"

echo "== the whole pipeline on a fresh workspace, three times"
for _ in 1 2 3; do
    ws=$(mktemp -d -p "$work")
    set=synthetic
    if [ -n "${RECSYS_DATA_MIRROR:-}" ]; then set=ml-latest-small; fi
    RECSYS_WORKSPACE=$ws "$build/recsys-tui" --quiet --json pipeline run --dataset "$set" |
        sed -n 's/^  "seconds": \([0-9.]*\).*/  '"$set"': \1 s/p'
done

echo "== $rows rows of CSV to CSR both ways"
"$build/recsys-tui" --quiet --workspace "$work" data fetch --dataset synthetic \
    --users "$users" --items "$items" --interactions "$rows" --seed 7 >/dev/null
csv=$work/data/raw/synthetic/ratings.csv
if "$python" -c 'import polars' 2>/dev/null; then
    "$python" tests/bench/ingest_polars.py "$build/tests/bench/bench_ingest" "$csv"
else
    echo "(polars is not installed: PEER_PYTHON=… for the ratio)"
    "$build/tests/bench/bench_ingest" "$csv"
fi
