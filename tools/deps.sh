#!/usr/bin/env bash
# Install the system packages of the named groups of docker/packages.txt that are missing.
# usage: tools/deps.sh GROUP…      (Debian and Ubuntu; says what it does; does nothing when all is there)
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
for group in "$@"; do
    while read -r g package; do
        [ "$g" = "$group" ] || continue
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing+=("$package")
    done < <(grep -v '^#' docker/packages.txt)
done
[ ${#missing[@]} -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "deps: this system has no apt-get; install what answers to: ${missing[*]}" >&2
    exit 1
fi
sudo=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "deps: not root and no sudo; as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    sudo=(sudo)
    echo "deps: you are not root, so the packages are installed with sudo, which may ask for your password" >&2
fi
echo "deps: installing ${missing[*]}" >&2
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
