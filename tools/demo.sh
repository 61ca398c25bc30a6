#!/usr/bin/env bash
# The whole way from data to recommendations, on MovieLens or, without it, on made data.
# usage: tools/demo.sh PATH-OF-THE-PROGRAM      workspace: $DEMO_WORKSPACE or ./demo
set -euo pipefail
bin=$1
ws=${DEMO_WORKSPACE:-demo}
dataset=ml-latest-small
export RECSYS_WORKSPACE=$ws
mkdir -p "$ws"
say() { printf '\n== %s\n' "$*"; }

say "1. data"
if ! "$bin" data fetch --dataset "$dataset"; then
    dataset=synthetic
    echo "demo: MovieLens cannot be had here (no mirror, no network), so the demo goes on with made data."
    "$bin" data fetch --dataset "$dataset"
fi

say "2. the pipeline: prepare, split, features, train, evaluate, register, promote"
"$bin" pipeline run --dataset "$dataset"

say "3. recommendations for user 1, from what serves now"
"$bin" recommend --user 1 -k 10

say "4. films like film 1"
"$bin" similar --item 1 -k 5

say "what next (in $ws, or add --workspace $ws)"
cat <<NEXT
  export RECSYS_WORKSPACE=$ws
  $bin explain --user 1 --item 50            which rated films speak for a film
  $bin user show 1                           what user 1 rated
  $bin run list --sort -metrics.ndcg_at_10   all runs, best first
  $bin train --model als --set factors=32    another model; then: evaluate, compare, model register
  $bin model history                         who promoted what, and the gate's verdict
  $bin shell                                 a prompt with completion
  $bin --serve                               REST, a web explorer and /docs on http://127.0.0.1:8000
NEXT
