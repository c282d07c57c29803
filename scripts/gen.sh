# Writes the generated files anew. `make check` fails when that changes one.
. "$(dirname "$0")/env.sh"
node tools/gen.ts
