# Everything that HomeSec needs to run, into this checkout; of the system only ffmpeg. Looks first, so a second run is instant.
. "$(dirname "$0")/env.sh"

[ "$(node_major)" = 24 ] || sh scripts/fetch-node.sh
[ "$(node_major)" = 24 ] || fail 'Node 24 does not run on this machine.'

# The stamp names the Node that installed, since npm chooses by it. A newer lockfile may still be what is installed.
stamp=node_modules/.stamp
installed() {
  [ "$(cat "$stamp" 2>/dev/null)" = "$(node --version)" ] || return 1
  [ package-lock.json -nt "$stamp" ] || [ package.json -nt "$stamp" ] || [ .npmrc -nt "$stamp" ] || return 0
  node scripts/is-installed.mjs && touch "$stamp"
}
if ! installed; then
  say 'installing packages (npm ci)'
  npm ci --loglevel=error
  node --version >"$stamp"
fi

if ! has ffmpeg || ! has ffprobe; then
  if may_apt; then
    apt_install ffmpeg
  else
    case $(uname -s) in Darwin) how='brew install ffmpeg' ;; *) how='sudo apt-get install -y ffmpeg' ;; esac
    fail "ffmpeg and ffprobe are missing. Install them, then run this again:  $how"
  fi
fi

sh scripts/fetch-temporal.sh
