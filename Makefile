# The one entry point for people and for CI. Needs Python 3.11 to 3.13 and make; uses uv where it is.
#
#   make serve            serve artifacts/ on 127.0.0.1:8000    [HOST= PORT= WORKERS=]
#   make test             set up everything and run the tests
#   make train RECIPE=x   train a recipe and publish the version
#   make test-long        what make test leaves out: what repeats often or takes long (some minutes)
#   make check            lint, format, types
#   make e2e              the end-to-end tests alone
#   make bench            measure the server on this machine, beside its peers    [ARGS="--peers none"]
#   make bench-smoke      the same at its shortest, to see that it works
#   make bench-growth     how cost grows with rows, parameters, connections and models; draws docs/pictures
#   make soak             a million requests and 200 version swaps: does memory grow?    [ARGS=]
#   make chaos            three minutes of kills, hangs, crowds and version changes; every answer checked    [ARGS=]
#   make swaps            200 version swaps under full load, every answer checked    [ARGS=]
#   make fuzz             mutated model files for ten minutes: is each read or refused?    [ARGS=]
#   make screenshot       draw docs/pictures/page.png anew (needs chromium)
#   make lock             resolve the dependencies anew (needs uv)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Clients of other servers, which the tests drive from outside.
CLIENTS := .venv-clients
UV := $(shell command -v uv 2>/dev/null)

# Values from make's command line alone: HOST and PORT are often exported for other programs.
given = $(if $(findstring command,$(origin $(1))),$(2) $($(1)))

.PHONY: recipe-named serve test test-long train check e2e bench bench-smoke bench-growth soak swaps fuzz chaos screenshot lock clean help
.DELETE_ON_ERROR:

serve: $(firstword $(wildcard $(VENV)/dev.stamp $(VENV)/train.stamp) $(VENV)/serve.stamp)
	@exec $(BIN)/modiste serve $(call given,HOST,--host) $(call given,PORT,--port) $(call given,WORKERS,--workers)

train: recipe-named $(firstword $(wildcard $(VENV)/dev.stamp) $(VENV)/train.stamp)
	$(BIN)/modiste train $(RECIPE)

recipe-named:
	@test -n "$(RECIPE)" || { echo "Which recipe? make train RECIPE=fashion-mlp; there are:"; \
		ls training/recipes | sed 's/\.toml$$//;s/^/  /'; exit 2; }

help:
	@sed -n '/^# The one/,/^$$/s/^# \{0,1\}//p' Makefile

# Three processes, a file of tests to each: TensorFlow takes seconds to load, and a gigabyte; many tests wait for a server,
# and not for a core. The slow files come first, so that the end finds all busy.
TESTS := $(addprefix tests/,keras e2e browser http unit contract)
test: $(VENV)/dev.stamp $(CLIENTS)/stamp
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long" $(TESTS) $(ARGS)

test-long: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 -m long tests $(ARGS)

e2e: $(VENV)/dev.stamp $(CLIENTS)/stamp
	$(BIN)/python -m pytest tests/e2e $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench $(ARGS)

bench-smoke: $(VENV)/dev.stamp
	$(BIN)/python -m bench.smoke

bench-growth: $(VENV)/dev.stamp
	$(BIN)/python -m bench.growth $(ARGS)

soak: $(VENV)/dev.stamp
	$(BIN)/python -m bench.soak $(ARGS)

chaos: $(VENV)/dev.stamp
	$(BIN)/python -m bench.chaos $(ARGS)

swaps: $(VENV)/dev.stamp
	$(BIN)/python -m bench.swaps $(ARGS)

fuzz: $(VENV)/dev.stamp
	$(BIN)/python -m bench.fuzz_files --seconds 600 --prepared 20 $(ARGS)
screenshot: $(VENV)/dev.stamp
	$(BIN)/python -m bench.screenshot $(ARGS)

# Each stamp is as new as the lock that it was installed from, so a second call sets up nothing.
$(VENV)/%.stamp: requirements/%.txt pyproject.toml
	@echo "Setting up $(VENV) from $< (once; $(if $(findstring serve,$<),about a minute,some minutes and gigabytes)) ..."
	@$(if $(UV),,$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12"; exit 1; })
ifdef UV
	@test -x $(BIN)/python || $(UV) venv --quiet --python '>=3.11,<3.14' $(VENV)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r $<
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@$(BIN)/python -m compileall -q modiste service training
	@touch $@

$(CLIENTS)/stamp: requirements/clients.txt
	@echo "Setting up $(CLIENTS), the clients of other servers that the tests drive (once) ..."
ifdef UV
	@test -x $(CLIENTS)/bin/python || $(UV) venv --quiet --python '>=3.11,<3.14' $(CLIENTS)
	@$(UV) pip install --quiet --python $(CLIENTS)/bin/python --require-hashes -r $<
else
	@test -x $(CLIENTS)/bin/pip || $(PYTHON) -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
endif
	@touch $@

lock:
	uv pip compile pyproject.toml --group build $(LOCK) -o requirements/serve.txt
	uv pip compile pyproject.toml --group build --extra train $(LOCK) -o requirements/train.txt
	uv pip compile pyproject.toml --group build --extra train --extra gpu $(LOCK) -o requirements/gpu.txt
	uv pip compile pyproject.toml --group build --extra train --extra jax --extra mlflow --extra otel --group dev $(LOCK) -o requirements/dev.txt
	uv pip compile requirements/clients.in $(LOCK) -o requirements/clients.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock"

clean:
	rm -rf $(VENV) $(CLIENTS) build dist *.egg-info
