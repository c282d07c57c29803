# Sourced by the other scripts: goes to the checkout and puts Node 24 and the programs of its packages first on PATH.
# A machine with Node 24 uses its own, any other the copy that setup.sh fetches. npm runs under it as well: it picks
# versions by the Node it runs under.
set -eu
cd "$(dirname "$0")/.."
root=$PWD

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo none; }

if [ "$(node_major)" != 24 ]; then PATH="$root/.cache/node/bin:$PATH"; fi
PATH="$root/node_modules/.bin:$PATH"
export PATH

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
may_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# apt_install PACKAGE...: without starting what it installs.
apt_install() {
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  log=$root/.cache/apt.log
  mkdir -p "$root/.cache"
  say "installing $* (apt)"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; fail "apt could not install: $*"; }
}
