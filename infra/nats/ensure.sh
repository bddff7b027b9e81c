#!/bin/sh
# Prints the path of a nats-server binary, getting one where there is none. In this order: NATS_SERVER_BIN, PATH, Debian's
# package (as root), `go install` at a pinned version into a cache folder, Homebrew. Nothing is fetched from anywhere else.
# What the installers say goes to standard error.
set -eu

version=v2.14.9
cache=${XDG_CACHE_HOME:-$HOME/.cache}/handfast/nats-server-$version

found() {
  printf '%s\n' "$1"
  exit 0
}

if [ -n "${NATS_SERVER_BIN:-}" ]; then
  [ -x "$NATS_SERVER_BIN" ] || {
    echo "NATS_SERVER_BIN is $NATS_SERVER_BIN, which is no executable file." >&2
    exit 1
  }
  found "$NATS_SERVER_BIN"
fi

if command -v nats-server >/dev/null; then found "$(command -v nats-server)"; fi

if [ -x "$cache/nats-server" ]; then found "$cache/nats-server"; fi

if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo 'Installing nats-server with apt-get.' >&2
  if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nats-server; } >&2; then
    hash -r
    if command -v nats-server >/dev/null; then found "$(command -v nats-server)"; fi
  fi
fi

if command -v go >/dev/null; then
  echo "Building nats-server $version with go install." >&2
  if GOBIN=$cache go install "github.com/nats-io/nats-server/v2@$version" >&2; then found "$cache/nats-server"; fi
fi

if command -v brew >/dev/null; then
  echo 'Installing nats-server with Homebrew.' >&2
  if brew install --quiet nats-server >&2; then found "$(brew --prefix)/bin/nats-server"; fi
fi

cat >&2 <<'HELP'
There is no nats-server, and no way to get one here. Do one of these:
  - Debian, Ubuntu:  sudo apt-get install nats-server
  - macOS:           brew install nats-server
  - with Go:         go install github.com/nats-io/nats-server/v2@latest
  - any other:       https://github.com/nats-io/nats-server/releases
and either have it on PATH or set NATS_SERVER_BIN to its path.
HELP
exit 1
