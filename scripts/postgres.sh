#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own at ALBUMEN_TEST_POSTGRES_URL:
#     scripts/postgres.sh COMMAND…
# The server and its data are gone when the command ends.
set -euo pipefail

# Debian keeps the server's programs out of PATH.
bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -1)
bin=${bin:-$(dirname "$(command -v initdb || echo /missing/initdb)")}
if [[ ! -x $bin/initdb ]]; then
    echo "PostgreSQL is missing, make setup installs it" >&2
    exit 1
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/albumen-postgres.XXXXXX")
# PostgreSQL refuses to run as root.
as=()
if ((EUID == 0)); then
    user=postgres
    if ! id "$user" >/dev/null 2>&1; then
        user=albumen-test
        id "$user" >/dev/null 2>&1 || useradd --system --no-create-home "$user"
    fi
    chown "$user" "$folder"
    as=(runuser -u "$user" --)
fi

pg() {
    (cd "$folder" && "${as[@]}" "$bin/$1" "${@:2}")
}

stop() {
    pg pg_ctl stop -D data -m immediate >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT

pg initdb -D data -U albumen --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null

# What a crash would lose is thrown away anyhow, so nothing waits for the disk.
port=$(python3 "$(dirname "$0")/free_port.py")
settings="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder"
settings+=" -c max_connections=200 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
if ! pg pg_ctl start -D data -l log -o "$settings" >/dev/null; then
    cat "$folder/log" >&2
    exit 1
fi

export ALBUMEN_TEST_POSTGRES_URL="postgres://albumen@127.0.0.1:$port/postgres"
"$@"
