#!/usr/bin/env bash
# Shows Albumen with real photos: make demo PHOTOS=/some/folder
#
#     PHOTOS       the folder to take photos from; default: a few that come with the project
#     DEMO_DATA    where the demo keeps everything; default: .cache/demo
#     DEMO_LISTEN  the address to serve on; default: a free port of this machine
#     DEMO_ONCE=1  stop after the demo instead of serving until Ctrl+C
set -euo pipefail
cd "$(dirname "$0")/.."

photos=${PHOTOS:-tests/support/fixtures/photos}
if [[ ! -d $photos ]]; then
    echo "make demo: PHOTOS=$photos is no folder" >&2
    exit 1
fi

[[ -e node_modules/.setup ]] || make setup
cargo build --release -p albumen-server
cargo build --release -p albumen-client --example demo

data=${DEMO_DATA:-.cache/demo}
# shellcheck source=scripts/server.sh
source scripts/server.sh
trap stop_server EXIT
listen=${DEMO_LISTEN:-127.0.0.1:$(python3 scripts/free_port.py)}
start_server target/release/albumen-server "$listen" "$data"

# On a second run there is a user, and no token.
target/release/examples/demo --url "$url" ${setup_token:+--setup-token "$setup_token"} \
    --state "$data/state.json" --photos "$photos" --out "$data/out"

if [[ ${DEMO_ONCE:-} != 1 ]]; then
    echo
    echo "Albumen serves at $url until Ctrl+C; its log is $data/server.log"
    trap 'exit 0' INT
    wait "$server"
fi
