#!/usr/bin/env bash
# Turn the files of a folder into a C array body, one row a file in order of name:
# {"name", "\"etag\"", length, (const unsigned char[]){bytes}}. The tag is of the content.
# usage: tools/embed-files.sh FOLDER
set -euo pipefail
export LC_ALL=C
for f in "$1"/*.{css,html,js,svg}; do
    [ -e "$f" ] || continue
    tag=$(sha256sum "$f")
    printf '{"%s", "\\"%s\\"", %d, (const unsigned char[]){\n' \
        "$(basename "$f")" "${tag:0:16}" "$(wc -c <"$f")"
    od -An -v -tu1 "$f" | sed -E 's/^ +//; s/ +/,/g; s/$/,/'
    printf '}},\n'
done
