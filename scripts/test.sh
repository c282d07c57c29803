# test.sh [PATH...]: the tests. Their totals are the last line, after whatever else vitest has to say.
. "$(dirname "$0")/env.sh"
rm -f .cache/closing-line
status=0
CLOSING_LINE=later vitest run "$@" || status=$?
cat .cache/closing-line
exit "$status"
