# run.sh COMMAND...: runs it with Node 24 and the checkout's own programs on PATH.
. "$(dirname "$0")/env.sh"
exec "$@"
