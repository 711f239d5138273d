# Works from a clone directory of any name: Python, ruff, mypy, pytest and QGIS see the clone as `ecoassets` through a link.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-installed test-gui bench simulate cluster-test faults platforms soak province package link unlink lint typecheck format models reference plotly house system venv

# QGIS ends with signal 11 where the python3 of pyenv, conda or a virtual environment comes first.
export PATH := /usr/bin:/bin:$(PATH)
unexport PYTHONHOME VIRTUAL_ENV CONDA_PREFIX

HERE := cd .build/link &&
SYSTEM_PYTHON := /usr/bin/python3
PYTHON := ecoassets/.venv/bin/python
PYTEST_OPTIONS := -p no:cacheprovider
TESTS := tests

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

demo: system house ## install what is missing, make a practice region and its assets, land-use change, pressure, terrain, quality, drivers (demo-output/)
	@tools/demo.sh

test: lint typecheck ## install what is missing, then lint, types and all tests but those of the desktop (TESTS=tests/core)
	$(HERE) $(PYTHON) -m pytest $(PYTEST_OPTIONS) --ignore=ecoassets/tests/gui $(ARGS) $(addprefix ecoassets/,$(TESTS))
	$(if $(filter-out tests,$(TESTS)),,tools/platforms --quick)

test-installed: house ## run the tests with the QGIS that is there; nothing is installed (TESTS=tests/core)
	$(HERE) $(SYSTEM_PYTHON) -m pytest $(PYTEST_OPTIONS) --ignore=ecoassets/tests/gui $(ARGS) $(addprefix ecoassets/,$(TESTS))

test-gui: venv house ## open every dialog in a real QGIS, in English and Chinese (pictures in .build/screenshots)
	$(HERE) $(PYTHON) -m pytest $(PYTEST_OPTIONS) $(ARGS) ecoassets/tests/gui

bench: venv house ## measure against GDAL's read and write limit and other tools (ARGS="--size 10000")
	$(HERE) $(PYTHON) -m ecoassets.tools.bench $(ARGS)

simulate: venv house ## how often tests of drivers reject what is true, intervals hold the truth (ARGS="panel --draws 100")
	$(HERE) $(PYTHON) -m ecoassets.tools.simulate $(ARGS)

cluster-test: system house ## two worker processes here: the bits of the threads, a worker killed, overhead (ARGS="--size 5000")
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.cluster_test $(ARGS)

faults: system house ## inject faults into real runs: kills, full disks, damaged inputs, cancels (ARGS="--count 5 --seed 1")
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.faults $(ARGS)

memory: system house ## the peak memory of every method on the practice region in two sizes (ARGS="--sizes 100 200")
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.memory $(ARGS)

platforms: venv house ## run the tests as on Windows, on NTFS, in a C locale, in long paths ... (ARGS="--quick", ARGS="held case")
	@tools/platforms $(ARGS)

soak: system house ## 200 runs in one QGIS process: memory, open files and threads must not grow (ARGS="--runs 1000")
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.soak $(ARGS)

province: system house ## 25,000 x 25,000 pixels against GDAL's limit; 20 GB of disk (ARGS="--size 5000")
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.province $(ARGS)

package: house ## build dist/ecoassets-VERSION.zip from the last commit and check it as the plugin site would
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.package

link: ## link this clone into your QGIS profile (QGIS_PROFILE=default)
	@tools/profile-link link

unlink: ## remove that link
	@tools/profile-link unlink

lint: venv house ## ruff: rules and layout
	$(HERE) $(PYTHON) -m ruff check ecoassets
	$(HERE) $(PYTHON) -m ruff format --check ecoassets

typecheck: venv house ## mypy on core, algorithms and plugin
	$(HERE) $(PYTHON) -m mypy --config-file ecoassets/pyproject.toml --cache-dir ecoassets/.mypy_cache -p ecoassets

format: venv house ## let ruff mend what it can
	$(HERE) $(PYTHON) -m ruff check --fix ecoassets
	$(HERE) $(PYTHON) -m ruff format ecoassets

models: house ## write the models of resources/models, one per paper
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.build_models

reference: house ## write docs/reference.md from the help of the algorithms
	$(HERE) $(SYSTEM_PYTHON) -m ecoassets.tools.help_pages

plotly: ## build what draws the charts of reports anew, after a change of versions in tools/plotly (npm)
	@mkdir -p .build/plotly && cp tools/plotly/* .build/plotly/
	cd .build/plotly && npm install --no-package-lock --no-audit --no-fund && node bundle.mjs ../../resources/report

pictures: house ## draw the maps of the pages of help in a real QGIS (then make reference)
	@mkdir -p .build/pictures-profile/profiles/default/QGIS resources/pages/pictures
	@printf '[PythonPlugins]\necoassets=true\nprocessing=true\n' > .build/pictures-profile/profiles/default/QGIS/QGIS3.ini
	ECOASSETS_PICTURES=$(CURDIR)/resources/pages/pictures QGIS_PLUGINPATH=$(CURDIR)/.build/link xvfb-run -a -s "-screen 0 1600x1000x24" \
	  qgis --nologo --noversioncheck --profiles-path $(CURDIR)/.build/pictures-profile --code $(CURDIR)/tools/help_pictures.py

house:
	@mkdir -p .build/link && ln -sfn ../.. .build/link/ecoassets

system:
	@tools/provision system

venv: system
	@tools/provision venv
