# Runs every check, also after one has failed, and says at the end which did. The tests' totals are the last line.
. "$(dirname "$0")/env.sh"

broken=
step() {
  name=$1
  shift
  if "$@"; then say "ok      $name"; else say "FAILED  $name"; broken="$broken $name"; fi
}
generated() { sh scripts/gen.sh && git diff --exit-code -- $(cat scripts/generated-paths.txt); }

step format biome check .
step lint oxlint --type-aware
step types tsc -p tsconfig.json
step pure-types tsc -p tsconfig.pure.json
step walls depcruise --config .dependency-cruiser.cjs src workflows activities workers
step dead-code knip
step generated-files generated
rm -f .cache/closing-line
step tests env CLOSING_LINE=later vitest run
[ -z "$broken" ] || say "failed:$broken"
cat .cache/closing-line
[ -z "$broken" ]
