# shellcheck shell=bash
# Makes `grpcurl` a function that calls `buf curl`, for machines that have no grpcurl. It knows what
# docs/grpcurl.md uses:
#
#     grpcurl -plaintext HOST list [SERVICE]
#     grpcurl -plaintext [-H HEADER]… [-d JSON|-d @] [-format-error] HOST SERVICE/METHOD
#
# Answers, errors and exit codes have grpcurl's form.

_grpcurl_buf=$(dirname "${BASH_SOURCE[0]}")/../node_modules/.bin/buf
_grpcurl_buf=$(realpath "$_grpcurl_buf")

# buf's errors as grpcurl prints a google.rpc.Status with -format-error.
# shellcheck disable=SC2016 # the variables are jq's
_grpcurl_status='
    ["ok", "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found",
     "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
     "aborted", "out_of_range", "unimplemented", "internal", "unavailable", "data_loss",
     "unauthenticated"] as $codes
    | {code: (.code as $code | $codes | index($code)), message,
       details: [.details[]? | {"@type": "type.googleapis.com/\(.type)"}
           + (.debug // {"@value": .value})]}'

grpcurl() {
    local -a flags=(--http2-prior-knowledge --protocol grpc) words=()
    local data='' is_json_error='' folder status=0
    while (($#)); do
        case $1 in
            -plaintext) ;;
            -format-error) is_json_error=1 ;;
            -H) flags+=(-H "$2") && shift ;;
            -d) data=$2 && shift ;;
            -*) echo "grpcurl-with-buf.sh does not know $1" >&2 && return 2 ;;
            *) words+=("$1") ;;
        esac
        shift
    done
    local url=http://${words[0]} method=${words[1]} symbol=${words[2]:-}
    if [[ $method == list && -n $symbol ]]; then
        "$_grpcurl_buf" curl "${flags[@]}" --list-methods "$url" | grep "^$symbol/" | tr / .
        return
    elif [[ $method == list ]]; then
        "$_grpcurl_buf" curl "${flags[@]}" --list-services "$url"
        return
    fi
    [[ $data == @ ]] && data=@-
    [[ -n $data ]] && flags+=(-d "$data")
    folder=$(mktemp -d)
    "$_grpcurl_buf" curl "${flags[@]}" "$url/$method" >"$folder/answers" 2>"$folder/errors" ||
        status=$?
    jq . "$folder/answers"
    if ((status)) && jq -e .code "$folder/errors" >/dev/null 2>&1; then
        status=$((64 + $(jq "$_grpcurl_status | .code" "$folder/errors")))
        if [[ -n $is_json_error ]]; then
            jq "$_grpcurl_status" "$folder/errors" >&2
        else
            jq -r '(.code | split("_") | map((.[:1] | ascii_upcase) + .[1:]) | add) as $code
                | "ERROR:\n  Code: \($code)\n  Message: \(.message)"' "$folder/errors" >&2
        fi
    else
        cat "$folder/errors" >&2
    fi
    rm -rf "$folder"
    return "$status"
}
