#!/usr/bin/env bash
# What clang-format and clang-tidy do not see: banned calls, exit outside main, leftover words,
# functions that are too long, external functions that no other file uses.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."
bad=0
say() { printf '%s\n' "$1"; bad=1; }
mapfile -t product < <(ls src/*.c src/*/*.c src/*/*.h tui/*.[ch] include/rs/*/*.h 2>/dev/null)

banned='\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|alloca|rand|srand|localtime|gmtime|system)\('
while IFS= read -r hit; do say "$hit: banned call"; done < <(grep -nE "$banned" "${product[@]}" | grep -v 'lint: allow' || true)
while IFS= read -r hit; do say "$hit: exit outside main"; done < <(grep -nE '\bexit\(' "${product[@]}" | grep -v '^src/main.c:' | grep -v 'lint: allow' || true)
while IFS= read -r hit; do say "$hit: unfinished"; done < <(grep -nE '\b(FIXME|XXX|TODO)\b' "${product[@]}" | grep -vE 'TODO\(#[0-9]+\):' || true)
while IFS= read -r hit; do say "$hit: a line over 100 columns"; done < <(grep -nE '^.{101,}$' "${product[@]}" | cut -c1-60 || true)

# Functions over 80 lines (a definition starts at column 0 and ends with a brace at column 0).
for f in src/*.c src/*/*.c tui/*.c; do
    awk -v f="$f" '/^[a-z].*\)$/ || /^[a-z].*,$/ {start=NR} /^\{/ {open=NR; if (!start) start=NR}
        /^\}/ {if (open && NR-open > 80) {printf "%s:%d: a function of %d lines\n", f, open, NR-open} open=0; start=0}' "$f"
done | while IFS= read -r hit; do printf '%s\n' "$hit"; done | tee /tmp/.long-functions.$$ >&2
[ -s /tmp/.long-functions.$$ ] && bad=1
rm -f /tmp/.long-functions.$$
# Functions of ours that only their own file names: they could be static.
while read -r n name; do
    file=$(grep -lE "^[a-z].*[ *]$name\\(" src/*/*.c tui/*.c | head -n 1 || true)
    if [ "$n" = 1 ] && [ -n "$file" ]; then say "$file: $name could be static"; fi
done < <(grep -owHE '(rs|tui)_[a-z0-9_]+' src/*.c src/*/*.c tui/*.c tests/*/*.c tests/*/*/*.c | sort -u |
    cut -d: -f2 | sort | uniq -c)
for f in "${product[@]}"; do
    lines=$(wc -l <"$f")
    [ "$lines" -le 600 ] || say "$f: $lines lines (over 600)"
done
exit "$bad"
