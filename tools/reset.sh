#!/usr/bin/env bash
# Drop what the program derived in a workspace: data/{raw,interim,processed}, models, metrics, plots,
# registry, logs, db. Asks first, unless YES=1.
set -euo pipefail
ws=${1:-.}
[ -d "$ws" ] || { echo "reset: '$ws' is no folder: WORKSPACE=DIR says which" >&2; exit 1; }
cd "$ws"
there=()
for d in data/raw data/interim data/processed models metrics plots registry logs db/recsys.db db/recsys.db-wal db/recsys.db-shm; do
    [ -e "$d" ] && there+=("$d")
done
if [ ${#there[@]} = 0 ]; then
    echo "reset: nothing derived in $(pwd)"
    exit 0
fi
echo "reset: this removes, in $(pwd):"
du -sh -- "${there[@]}" | sed 's/^/  /'
if [ "${YES:-0}" != 1 ]; then
    read -r -p "Runs and registered versions are lost too. Type 'reset' to go on: " word
    [ "$word" = reset ] || { echo "reset: nothing removed"; exit 1; }
fi
rm -rf -- "${there[@]}"
echo "reset: done"
