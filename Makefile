# The command surface. Each target is a line here and a script in scripts/, which finds Node 24 by itself.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo dev check typecheck lint format test bench stack db-up db-migrate up down gen histories

RUN := sh scripts/run.sh
HOMESEC := $(RUN) node src/cli/main.ts
# The configuration of dev, up, down and the database; the example stands in until there is one.
CONFIG ?= $(firstword $(wildcard homesec.yaml) config/homesec.example.yaml)
WITH := --config "$(CONFIG)"

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## Node 24, packages, ffmpeg and Temporal; instant when done
	@sh scripts/setup.sh

setup-test: setup ## what only the tests need
	@sh scripts/setup-test.sh

demo: setup ## a real video through the whole pipeline; CLIP=my.mp4 for your own, KEEP=1 to look around
	@$(HOMESEC) demo $(if $(KEEP),--keep) $(if $(CLIP),"$(CLIP)")

dev: setup ## run with restart on change; make dev CONFIG=config/my.yaml
	@$(RUN) node --watch src/cli/main.ts run $(WITH)

check: setup-test ## everything that has to hold: format, lint, types, walls, dead code, generated files, tests
	@sh scripts/check.sh

typecheck: setup ## tsc, also for the pure zone
	@sh scripts/typecheck.sh

lint: setup ## format, lint, walls and dead code
	@sh scripts/lint.sh

format: setup ## format all files in place
	@$(RUN) biome check --write .

test: setup-test ## all tests; make test T=tests/unit for some
	@sh scripts/test.sh $(T)

bench: setup-test ## overhead per clip, backfill, uploads, filter time, cameras, memory
	@$(RUN) node bench/main.ts

histories: setup-test ## record workflow histories of this version, for the replay tests
	@HOMESEC_RECORD_HISTORIES=1 $(RUN) vitest run

stack: setup-test ## docker-compose.yml without containers, each service a process; E2E=1 tests a household on it
	@$(if $(E2E),$(RUN) vitest run --config vitest.stack.config.ts $(or $(T),tests/stack),$(RUN) node tools/stack.ts)

db-up: setup ## the embedded Postgres alone, in the background
	@sh scripts/up.sh --only postgres $(WITH)

db-migrate: setup ## bring the database to the newest schema
	@$(HOMESEC) migrate $(WITH)

up: setup ## the embedded Postgres, Temporal and broker, in the background
	@sh scripts/up.sh $(WITH)

down: setup ## end what up and db-up started
	@$(HOMESEC) stack down $(WITH)

gen: setup ## write the generated files anew: configuration schema and reference
	@sh scripts/gen.sh
