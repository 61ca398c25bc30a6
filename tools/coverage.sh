#!/usr/bin/env bash
# Line coverage of the layers below the console, from an instrumented build that has run its tests.
# usage: tools/coverage.sh BUILD-FOLDER [LEAST-PERCENT]
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
least=${2:-85}
lcov --quiet --capture --directory "$build/src" --base-directory . --no-external \
    --output-file "$build/coverage.info" 2>/dev/null
lcov --quiet --extract "$build/coverage.info" "$PWD/src/*" --output-file "$build/coverage.info" 2>/dev/null
awk -F: -v least="$least" '
    /^SF:/ {n = split($2, part, "/"); layer = part[n-1]}
    /^DA:/ {split($2, d, ","); all[layer]++; hit[layer] += d[2] > 0; a++; h += d[2] > 0}
    END {
        for (l in all) printf "  %-10s %6.1f %%  (%d of %d lines)\n", l, 100*hit[l]/all[l], hit[l], all[l]
        printf "line coverage %.1f %% (%d of %d lines), least %d %%\n", 100*h/a, h, a, least
        exit 100*h/a < least
    }' "$build/coverage.info" | sort
