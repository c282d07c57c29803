. "$(dirname "$0")/env.sh"
tsc -p tsconfig.json
tsc -p tsconfig.pure.json
