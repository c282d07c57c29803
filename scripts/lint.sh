. "$(dirname "$0")/env.sh"
biome check .
oxlint --type-aware
depcruise --config .dependency-cruiser.cjs src workflows activities workers
knip
