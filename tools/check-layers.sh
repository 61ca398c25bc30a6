#!/usr/bin/env bash
# A file includes headers of its own layer and of layers to its left; third-party headers stay in
# the layer that owns them; cli, serve and tui never include each other.
# usage: tools/check-layers.sh "base data features …"
set -euo pipefail
cd "$(dirname "$0")/.."
read -r -a order <<<"$1"
bad=0
rank() {
    local i
    for i in "${!order[@]}"; do [ "${order[$i]}" = "$1" ] && { echo "$i"; return; }; done
    echo -1
}
for f in include/rs/*/*.h src/*/*.c src/*/*.h tui/*.c tui/*.h; do
    [ -e "$f" ] || continue
    layer=$(basename "$(dirname "$f")")
    own=$(rank "$layer")
    while IFS=: read -r line inc; do
        r=$(rank "$inc")
        if [ "$r" -gt "$own" ]; then
            echo "$f:$line: layer '$layer' includes '$inc', which is to its right"
            bad=1
        fi
        case "$layer $inc" in
        'serve cli' | 'tui cli' | 'tui serve')
            echo "$f:$line: '$layer' includes '$inc': doors meet in src/main.c only"
            bad=1 ;;
        esac
    done < <(sed -n -E 's|^#include "rs/([a-z]+)/.*|\1|;T;=;p' "$f" | paste -d: - -)
done
# header -> layers that may include it
allow() {
    local pattern=$1 layers=$2 hit
    while IFS= read -r hit; do
        layer=$(basename "$(dirname "${hit%%:*}")")
        case " $layers " in *" $layer "*) ;; *)
            echo "$hit: only these layers may include it: $layers"
            bad=1 ;;
        esac
    done < <(grep -nE "^#include <($pattern)" include/rs/*/*.h src/*/*.c src/*/*.h tui/*.c tui/*.h /dev/null || true)
}
allow 'jansson|libfyaml|utf8proc|xxhash' 'base'
allow 'sodium' 'base registry'
allow 'csv\.h|archive|curl' 'data tracking'
allow 'cblas|lapack' 'models'
allow 'omp\.h' 'base data features models eval'
allow 'sqlite3' 'store tracking registry'
allow 'readline' 'cli tui'
allow '(n?curses|term)(w/[a-z]+)?\.h' 'tui'
allow 'microhttpd' 'serve'
exit "$bad"
