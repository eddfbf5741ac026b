#!/usr/bin/env bash
# Runs the commands of docs/grpcurl.md and docs/sharing.md, each against a server of its own, and
# fails if one fails, if the photo does not come back as it went in, or if a refusal is not the one
# that the document tells of.
#
#     ALBUMEN_SERVER  the server to run; default: target/debug/albumen-server
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${ALBUMEN_SERVER:-target/debug/albumen-server}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/albumen-tour.XXXXXX")
# shellcheck source=scripts/server.sh
source scripts/server.sh
trap 'stop_server; rm -rf "$folder"' EXIT
translation=$PWD/scripts/grpcurl-with-buf.sh
export PHOTO=$PWD/tests/support/fixtures/photos/IMG_2041.jpg

# walk NAME: runs the commands of docs/NAME.md. What they print goes to $work.out as well.
walk() {
    work=$folder/$1/work
    mkdir -p "$work"
    start_server "$binary" "127.0.0.1:$(python3 scripts/free_port.py)" "$folder/$1"
    # Every block marked `sh`, in order.
    awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "docs/$1.md" >"$work.sh"
    export HOST=${url#http://} SETUP_TOKEN=${setup_token:?}
    (
        cd "$work"
        # shellcheck source=scripts/grpcurl-with-buf.sh
        command -v grpcurl >/dev/null || source "$translation"
        # shellcheck source=/dev/null
        source "$work.sh"
    ) 2>&1 | tee "$work.out"
    stop_server
    cmp "$PHOTO" "$work/unpacked/$(basename "$PHOTO")"
}

walk grpcurl
echo "ok 1 - the tour is walked: the photo came back as it went in"

walk sharing
for refusal in 'has a password' "not the link's password" 'too many wrong attempts' \
    DOWNLOAD_NOT_ALLOWED 'expired or revoked' 'breaks max_link_lifetime' 'does not exist'; do
    grep -q "$refusal" "$work.out" || { echo "nothing was refused as: $refusal" >&2 && exit 1; }
done
echo "ok 2 - the life of a link is lived: what was refused was refused for its reason"
echo "# pass 2"
