#!/usr/bin/env bash
# Runs tests and closes with their sum: scripts/test.sh [sqlite|postgres|sdk|tour|large|soak]…
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() {
    local status=0
    "$@" 2>&1 | tee -a "$log" || status=$?
    echo "runner ended: $status" >>"$log"
}

(($#)) || set -- sqlite postgres sdk tour
# Always the whole workspace: another selection would be compiled anew with other features.
for suite in "$@"; do
    case $suite in
        sqlite)
            ALBUMEN_TEST_DATABASE=sqlite run cargo test --workspace --no-fail-fast
            ;;
        postgres)
            ALBUMEN_TEST_DATABASE=postgres run scripts/postgres.sh cargo test --workspace --test it --test crash --test cli
            ;;
        sdk)
            run scripts/sdk-test.sh
            ;;
        tour)
            cargo build --workspace --bins --tests
            run scripts/run-tour.sh
            run python3 scripts/run-operations.py
            ;;
        large)
            ALBUMEN_TEST_LARGE=1 run cargo test --workspace --test it
            ;;
        soak)
            # Hours, unless the variable says otherwise.
            ALBUMEN_TEST_CRASH_ROUNDS=${ALBUMEN_TEST_CRASH_ROUNDS:-5000} \
                run cargo test --workspace --test crash -- --nocapture
            ;;
        *)
            echo "there is no suite $suite" >&2
            exit 2
            ;;
    esac
done

python3 scripts/tally.py <"$log"
