#!/usr/bin/env bash
# Turn db/migrations/NNNN_name.sql into a C array body: {number, "name", "sql text"}, one row a file.
set -euo pipefail
for f in "$1"/[0-9]*.sql; do
    base=$(basename "$f" .sql)
    printf '{%d, "%s",\n' "$((10#${base%%_*}))" "${base#*_}"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/ "/' -e 's/$/\\n"/' "$f"
    printf '},\n'
done
