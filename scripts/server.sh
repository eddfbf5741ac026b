# shellcheck shell=bash
# Starts and stops one server, for the scripts that source this.

# The settings of another server must not reach this one.
unset "${!ALBUMEN_@}"
# No proxy knows the way back to this machine.
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

# start_server BINARY ADDRESS FOLDER: returns once the server answers at $url. It keeps its data
# in FOLDER/data; $setup_token is empty if it has a user already.
start_server() {
    local folder=$3 tenths
    mkdir -p "$folder"
    url=http://$2
    "$1" serve --listen "$2" --data-dir "$folder/data" \
        >"$folder/server.out" 2>"$folder/server.log" &
    server=$!
    for ((tenths = 0; tenths < 600; tenths++)); do
        if curl -fs "$url/healthz" >/dev/null; then
            # shellcheck disable=SC2034 # for the script that sources this
            setup_token=$(sed -n 's/^setup token: //p' "$folder/server.out")
            return
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    echo "the server did not start:" >&2
    cat "$folder/server.out" "$folder/server.log" >&2
    return 1
}

# For the trap of the script; does nothing if no server was started.
stop_server() {
    [[ -n ${server:-} ]] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" || true
}
