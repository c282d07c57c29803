# up.sh [--only postgres]: the embedded servers in the background. Returns when they serve; `make down` ends them.
. "$(dirname "$0")/env.sh"
log=$root/.cache/up.log
nohup node src/cli/main.ts stack up "$@" >"$log" 2>&1 </dev/null &
pid=$!
# The endpoints, the holder's pid first, are printed when all parts serve.
until grep -q '^pid:' "$log"; do
  kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.2
done
cat "$log"
