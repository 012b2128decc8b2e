# make serve   sets everything up, builds the release and serves it (HOST and PORT can be set)
# make test    sets everything up and checks everything: format, lint, types, tests (in PROCESSES processes)
# make translations   collects the texts of the interface and compiles the catalogues
# make lock    writes the lock files anew from pyproject.toml

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# One more than the two cores of the machines that we count on: tests wait for servers, senders and deadlines, too. A fourth
# process takes a seventh more processor time, and no less by the clock.
PROCESSES ?= 3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet

.PHONY: serve build test format translations lock clean

serve: $(VENV)/.serve
	@exec $(BIN)/hamkor serve --host $(HOST) --port $(PORT)

build: $(VENV)/.serve
	@$(BIN)/hamkor build

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@# hundreds of processes are started: each would compile anew where the environment forbids Python to keep bytecode;
	@# and so would each process of the tests what their asserts become. Beside the types, which are judged on one core.
	@($(BIN)/python -m compileall -q graph endpoint tests benchmarks; \
		PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only >/dev/null 2>&1 || true) & \
		echo $(BIN)/mypy; $(BIN)/mypy && wait
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

translations: $(VENV)/.test
	$(BIN)/python -m endpoint.catalogues

lock:
	$(LOCK) --extra build --output-file requirements.lock
	$(LOCK) --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	printf 'moto[s3]==5.2.5\nflask\nflask-cors\n' | $(subst pyproject.toml,-,$(LOCK)) --output-file requirements-s3.lock

clean:
	rm -rf $(VENV) endpoint/yasgui/node_modules tests/browser/shacl_form/node_modules .hamkor .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hamkor needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with make PYTHON=…")'
	@echo "Setting up Python packages in $(VENV) (once; about a minute)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: requirements.lock pyproject.toml endpoint/yasgui/package-lock.json | $(BIN)/python
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@if command -v npm >/dev/null; then cd endpoint/yasgui && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
		--loglevel=error >/dev/null || echo "npm could not install the SPARQL editor; a plain form is served instead"; fi
	@touch $@

$(VENV)/.test: requirements-dev.lock requirements-s3.lock tests/browser/shacl_form/package-lock.json $(VENV)/.serve
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@if command -v npm >/dev/null; then cd tests/browser/shacl_form && npm ci --ignore-scripts --no-audit --no-fund \
		--loglevel=error >/dev/null || echo "npm could not install shacl-form; its test is skipped"; fi
	@# the S3 server of the tests wants an older python-dateutil than csvw, so it has an environment of its own
	@$(BIN)/python -m venv $(VENV)/s3
	@$(VENV)/s3/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-s3.lock
	@touch $@
