#!/usr/bin/env bash
# Runs the commands of docs/grpcurl.md against a server of its own, and fails if one fails or the
# photo does not come back as it went in.
#
#     ALBUMEN_SERVER  the server to run; default: target/debug/albumen-server
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${ALBUMEN_SERVER:-target/debug/albumen-server}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/albumen-tour.XXXXXX")
# shellcheck source=scripts/server.sh
source scripts/server.sh
trap 'stop_server; rm -rf "$folder"' EXIT
start_server "$binary" "127.0.0.1:$(python3 scripts/free_port.py)" "$folder"

# Every block marked `sh`, in order.
awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/grpcurl.md >"$folder/tour.sh"

export HOST=${url#http://} SETUP_TOKEN=${setup_token:?}
export PHOTO=$PWD/tests/support/fixtures/photos/IMG_2041.jpg
translation=$PWD/scripts/grpcurl-with-buf.sh
work=$folder/work
mkdir "$work"
(
    cd "$work"
    # shellcheck source=scripts/grpcurl-with-buf.sh
    command -v grpcurl >/dev/null || source "$translation"
    # shellcheck source=/dev/null
    source "$folder/tour.sh"
)

cmp "$PHOTO" "$work/unpacked/$(basename "$PHOTO")"
echo "ok 1 - the tour is walked: the photo came back as it went in"
echo "# pass 1"
