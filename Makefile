# make demo    finds the cracks in sample road photos, and surveys a synthetic drive; results in out/demo/
#              (PHOTOS=folder: finds those in your photos; out/photos/)
# make test    runs the whole test suite, offline
# make browser installs Chromium and its driver (Debian, as root), which the tests of the review page need
# make lint    format check, lint, types
# make docs    builds the documentation site into out/docs/
# make bench   measures speed and memory on this machine
# make judge   judges the default model without labels, on painted cracks; out/judge/judge.md
# make accuracy  measures the shipped models on the test sets in UPCRACKNET_DATA; out/accuracy/accuracy.md
# make measures  measures painted and drawn cracks, whose axis and width are known; docs/results/measures.md
# make fuzz      reads damaged files of every kind, FUZZ_INPUTS of them; docs/results/robustness.md
# make surveys   measures a synthetic drive against its truth, and a survey of 10,000 photos; docs/results/surveys.md
# make licences  lists the licences of what is installed in docs/licences.md
# make lock      writes requirements.lock: what the service needs, with checksums
# make release   builds the wheel, the sdist, the bill of materials and the default model with its card into dist/
# make version VERSION=0.2.0  sets the version and dates the changelog

PYTHON ?= python3
PHOTOS ?=
FUZZ_INPUTS ?= 20000
# On all cores of the machine, unless given otherwise; what needs the same expensive start stays in one process.
# A process that ends by itself stops the run, and its test is named.
TEST_OPTIONS ?= -n auto --dist loadgroup --max-worker-restart 0

BIN := .venv/bin
DRIVE := out/demo/drive
SURVEY := out/demo/survey
# Results of other photos are kept apart from those of the sample roads.
DEMO := $(if $(PHOTOS),out/photos,out/demo)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test browser lint docs bench judge accuracy measures surveys fuzz licences lock release version clean
.DELETE_ON_ERROR:

demo: .venv/$(if $(PHOTOS),core,survey)
ifeq ($(PHOTOS),)
	@$(BIN)/upcracknet synthesize out/demo/roads --count 8 --seed 3 --no-distractors --overwrite >/dev/null
	@$(BIN)/upcracknet detect out/demo/roads/photos out/demo/roads/undamaged --output out/demo --crack-pictures --overwrite >/dev/null
	@$(BIN)/upcracknet synthesize $(DRIVE) --drive first --overwrite >/dev/null
	@$(BIN)/upcracknet detect $(DRIVE)/photos --output $(SURVEY) --millimetres-per-pixel 2 --overwrite >/dev/null
	@$(BIN)/upcracknet map $(SURVEY) --gpx $(DRIVE)/track.gpx --clock-offset 3600 --straight-down >/dev/null
	@$(BIN)/upcracknet report $(SURVEY) --output $(SURVEY)/report.html >/dev/null
else
	@$(BIN)/upcracknet detect "$(PHOTOS)" --output $(DEMO) --crack-pictures --overwrite >/dev/null || test $$? -eq 3
endif
	@echo "cracks in red: $(DEMO)/overlays   measured: $(DEMO)/pictures, $(DEMO)/cracks.csv   masks: $(DEMO)/masks   table: $(DEMO)/photos.csv"
ifeq ($(PHOTOS),)
	@echo "a drive of 40 photos: report: $(SURVEY)/report.html   for QGIS: $(SURVEY)/survey.gpkg"
endif

test: .venv/dev
	$(BIN)/python -m pytest $(TEST_OPTIONS)

browser:
	@command -v chromedriver >/dev/null || { apt-get update -qq && apt-get install -qq --yes chromium chromium-driver; }

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: .venv/docs
	$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going docs out/docs
	@echo "open out/docs/index.html"

bench: .venv/dev
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/many_and_large.py layouts growth

judge: .venv/dev
	$(BIN)/python benchmarks/judge.py

accuracy: .venv/core
	$(BIN)/python benchmarks/accuracy.py

measures: .venv/core
	$(BIN)/python benchmarks/measures.py

surveys: .venv/survey
	$(BIN)/python benchmarks/surveys.py

licences: .venv/dev
	$(BIN)/python release/licences.py

# Without torch: which build of it a machine needs is not for the lock to say.
lock: .venv/core
	$(PIP_INSTALL) uv
	$(BIN)/uv pip compile pyproject.toml --extra serve --extra runtime --extra survey --constraint constraints.txt \
		--excludes release/unlocked.txt --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
		--no-annotate --no-header --quiet --output-file requirements.lock

release: .venv/dev
	$(PIP_INSTALL) cyclonedx-bom
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(BIN)/cyclonedx-py requirements requirements.lock --output-file dist/upcracknet.cdx.json
	$(BIN)/upcracknet export default --for hub --output dist/default

version:
	@$(PYTHON) release/version.py $(VERSION)

fuzz: .venv/dev
	$(BIN)/python benchmarks/fuzz.py --inputs $(FUZZ_INPUTS)

.venv/core: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (once)"
	@$(PIP_INSTALL) --editable .
	@touch $@

.venv/survey: .venv/core
	@$(PIP_INSTALL) --editable '.[survey]'
	@touch $@

.venv/dev: .venv/core
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

# The reference imports every command.
.venv/docs: .venv/core
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch $@

clean:
	rm -rf .venv out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
