#!/usr/bin/env bash
# Calls a server of its own from each client: TypeScript, Python, Rust.
# What buf generates and what npm installs must be there; make sdk-test sees to it.
set -euo pipefail
cd "$(dirname "$0")/.."

# With --tests the features are those of cargo test, and nothing is compiled twice.
cargo build --workspace --bins --tests

folder=$(mktemp -d "${TMPDIR:-/tmp}/albumen-sdk.XXXXXX")
# shellcheck source=scripts/server.sh
source scripts/server.sh
trap 'stop_server; rm -rf "$folder"' EXIT
start_server target/debug/albumen-server "127.0.0.1:$(python3 scripts/free_port.py)" "$folder"

export ALBUMEN_TEST_URL=$url
export ALBUMEN_TEST_EMAIL=sdk@example.org
export ALBUMEN_TEST_PASSWORD="correct horse battery staple"

node_modules/.bin/buf curl --http2-prior-knowledge --protocol grpc --data @- \
    "$url/albumen.v1.AuthService/SetUp" >/dev/null <<JSON
{
    "setup_token": "$setup_token",
    "email": "$ALBUMEN_TEST_EMAIL",
    "password": "$ALBUMEN_TEST_PASSWORD",
    "display_name": "SDK"
}
JSON

status=0
npm test --prefix client-sdk/typescript || status=1
PYTHONPATH=client-sdk/python .cache/venv/bin/python -m unittest discover -v \
    -s client-sdk/python/tests || status=1
cargo test --workspace --test scenario || status=1

if ((status)); then
    cat "$folder/server.log" >&2
fi
exit "$status"
