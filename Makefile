# Commands for developers. .ci/run defines the checks; UPGRADE=--upgrade make lock renews the pins.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types layers shell check fuzz fuzz-scanner bench bare-debian \
	docs format lock

help:  ## list the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1	\2/p' Makefile | expand -t 20

setup:  ## set up .venv for development
	./setup_cloud.sh --dev

demo:  ## run the whole pipeline on archives that it generates itself
	./setup_cloud.sh && .venv/bin/python flows/l2_flow.py --config configs/local.yaml

test lint types layers shell:
	@.ci/run $@
test:    ## set up, then run all tests
lint:    ## check style: ruff check, ruff format
types:   ## check types: mypy --strict
layers:  ## check imports between rooms: lint-imports
shell:   ## check shell scripts: ShellCheck

check:  ## run everything that a change must pass
	@.ci/run

# 124: the time is up, and nothing failed until then.
fuzz:  ## run property tests with ten times as many examples, all new; MINUTES=30 at most
	timeout --signal=INT $(or $(MINUTES),30)m .venv/bin/pytest tests -x -q -m hypothesis \
		--hypothesis-profile=fuzz --timeout=0 || [ $$? -eq 124 ]

fuzz-scanner:  ## search ten minutes for texts that take new branches of the scanner
	.venv/bin/python -m tests.support.fuzz_scanner

bench:  ## measure speed and memory (half an hour); PARTS="core inflate" for some of it
	./setup_cloud.sh --bench
	.venv/bin/python -m benchmarks $(PARTS)

bare-debian:  ## test set-up and a run in an empty Debian, as root; SUITE=trixie for Python 3.13
	tests/real/bare_debian.sh $(SUITE)

docs:  ## generate the tables of the docs from the code
	.venv/bin/python -m docs.generate

format:  ## format the code and apply ruff's fixes
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Hashes for pip, markers for every platform, and nothing specific to this machine.
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE)

lock:  ## lock requirements*.in into requirements*.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-bench.in -o requirements-bench.txt
