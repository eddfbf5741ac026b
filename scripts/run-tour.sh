#!/usr/bin/env bash
# Runs the commands of docs/grpcurl.md, docs/sharing.md, docs/libraries.md and docs/folder-albums.md,
# each against a server of its own, and fails if one fails, if the photo does not come back as it went
# in, if a refusal is not the one that the document tells of, or if something else is printed than
# stands there.
#
#     ALBUMEN_SERVER   the server to run; default: target/debug/albumen-server
#     ALBUMEN_COMMAND  the command to run; default: target/debug/albumen
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${ALBUMEN_SERVER:-target/debug/albumen-server}")
command=$(realpath "${ALBUMEN_COMMAND:-target/debug/albumen}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/albumen-tour.XXXXXX")
# shellcheck source=scripts/server.sh
source scripts/server.sh
trap 'stop_server; rm -rf "$folder"' EXIT
translation=$PWD/scripts/grpcurl-with-buf.sh
export PHOTO=$PWD/tests/support/fixtures/photos/IMG_2041.jpg
export SCRIPTS=$PWD/scripts
mkdir "$folder/bin"
ln -s "$command" "$folder/bin/albumen"
PATH=$folder/bin:$PATH

# walk NAME: runs the commands of docs/NAME.md. What they print goes to $work.out as well.
walk() {
    work=$folder/$1/work
    # The command keeps its session there, and the server may read a folder.
    export XDG_CONFIG_HOME=$folder/$1/config XDG_STATE_HOME=$folder/$1/state ROOT=$work/disk
    export ALBUMEN_LIBRARY_ROOTS=$ROOT
    mkdir -p "$ROOT"
    start_server "$binary" "127.0.0.1:$(python3 scripts/free_port.py)" "$folder/$1"
    # Every block marked `sh`, in order.
    awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "docs/$1.md" >"$work.sh"
    unset ALBUMEN_LIBRARY_ROOTS
    # shellcheck disable=SC2154 # from start_server
    export URL=$url HOST=${url#http://} SETUP_TOKEN=${setup_token:?}
    (
        cd "$work"
        # shellcheck source=scripts/grpcurl-with-buf.sh
        command -v grpcurl >/dev/null || source "$translation"
        # shellcheck source=/dev/null
        source "$work.sh"
    ) 2>&1 | tee "$work.out"
    stop_server
}

# came_back: the photo is in the archives as it went in.
came_back() {
    cmp "$PHOTO" "$work/unpacked/$(basename "$PHOTO")"
}

walk grpcurl
came_back
echo "ok 1 - the tour is walked: the photo came back as it went in"

walk sharing
came_back
for refusal in 'has a password' "not the link's password" 'too many wrong attempts' \
    DOWNLOAD_NOT_ALLOWED 'expired or revoked' 'breaks max_link_lifetime' 'does not exist'; do
    grep -q "$refusal" "$work.out" || { echo "nothing was refused as: $refusal" >&2 && exit 1; }
done
echo "ok 2 - the life of a link is lived: what was refused was refused for its reason"

walk libraries
python3 scripts/check_printed.py docs/libraries.md "$work.out"
echo "ok 3 - folders are renamed, moved and away: albums, comments and links are right after each step"

walk folder-albums
python3 scripts/check_printed.py docs/folder-albums.md "$work.out"
echo "ok 4 - albums are planned from a list of paths: they are those of the document"
echo "# pass 4"
