#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
need() {
    command -v "$1" >/dev/null || packages+=("$2")
}
need cc build-essential
need curl curl
need jq jq
need openssl openssl
need node nodejs
need npm npm
need python3 python3
# Archives are tested against other people's programs.
need unzip unzip
need 7zz 7zip
need bsdtar libarchive-tools
# So are files without their metadata.
need exiftool libimage-exiftool-perl
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
# Debian keeps the server's programs out of PATH.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql

if ((${#packages[@]})); then
    install="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
    if ! command -v apt-get >/dev/null; then
        echo "make setup: there is no apt-get here; install these or their like: ${packages[*]}" >&2
        exit 1
    elif ((EUID == 0)); then
        DEBIAN_FRONTEND=noninteractive bash -c "$install"
    elif command -v sudo >/dev/null; then
        sudo DEBIAN_FRONTEND=noninteractive bash -c "$install"
    else
        echo "make setup: run this as root, then try again: $install" >&2
        exit 1
    fi
fi

if (($(node -p 'process.versions.node.split(".")[0]') < 20)); then
    echo "make setup: Node 20 or newer is needed, this is $(node --version)" >&2
    exit 1
fi
if ! command -v cargo >/dev/null; then
    echo "make setup: Rust is missing, https://rustup.rs installs it" >&2
    exit 1
fi
if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    rustup component add rustfmt clippy
fi

npm ci --no-audit --no-fund --ignore-scripts
npm ci --no-audit --no-fund --ignore-scripts --prefix client-sdk/typescript
