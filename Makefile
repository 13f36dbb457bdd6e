# Everything a developer or a curious person needs; each target sets up what it lacks.
# ROS=jazzy uses Jazzy's wheels in an environment of their own; so does Lava, for Python 3.10.

comma := ,
PYTHON ?= python3
ROS ?= kilted
VENV := $(if $(filter kilted,$(ROS)),.venv,.venv-$(ROS))
BIN := $(VENV)/bin
# pip compiles on one core, which is half of an installation; compileall does so on all of them.
INSTALL := --disable-pip-version-check install --no-compile
COMPILE := -m compileall -q -q -j 0 -x '/tests?/' rstdp_ros
# Where it is set, every node and every worker of pytest would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE
PINS := -c constraints.txt $(if $(filter kilted,$(ROS)),,-c constraints-$(ROS).txt)
# What needs torch, pandas or PyBullet is the same whatever the ROS: one environment has them.
EXTRAS := ros,bags,plot,test$(if $(filter kilted,$(ROS)),$\
            $(comma)experiments$(comma)tune$(comma)pybullet$(comma)train$(comma)test-nir)
# What depends on the release of ROS; the rest is the same for all and is tested once.
TESTS := $(if $(filter kilted,$(ROS)),test,test/nodes/test_graph.py test/bringup/test_package.py)
# Tests of graphs wait much of the time, for nodes to find each other and for robots to move.
GRAPHS := $(shell echo $$(($$(nproc) + 2)))
# Robots in real time, several at once, a flood, and stops within a time: they have the machine
# for themselves.
ALONE := test/nodes/test_habits.py \
         test/nodes/test_commanding.py::test_a_stop_does_not_wait_behind_joint_states \
         test/nodes/test_graph.py::$\
         test_a_robot_moves_only_when_enabled_and_stops_when_the_policy_dies
# Tests write thousands of small files and wait each time until the disk has them; memory, where
# there are 4 GB of it, has them at once.
export PYTEST_DEBUG_TEMPROOT := $(shell \
    [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 4000000 ] && echo /dev/shm)
# REPORT='--reliability docs/reliability.md' writes down what was measured.
REPORT :=
INPUTS := setup.py constraints.txt $(wildcard constraints-$(ROS).txt)

LAVA := .venv-lava
# The first that starts: in PATH, where pyenv's may be an empty shell, or among pyenv's own.
PYENV_ROOT ?= $(HOME)/.pyenv
PYTHON310 = $(firstword $(foreach python,python3.10 \
              $(wildcard $(PYENV_ROOT)/versions/3.10*/bin/python3.10), \
              $(shell $(python) -c 'import sys; print(sys.executable)' 2>/dev/null)))

.PHONY: help demo setup test unit graph lava lint types dist docs bench bench-peers soak reproduce \
        pictures clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.demo  ## Watch a cart-pole adapt over ROS 2
	$(BIN)/rstdp_ros demo cartpole --episodes 5

setup: $(VENV)/.setup $(if $(filter kilted,$(ROS)),$(if $(PYTHON310),$(LAVA)/.setup))  ## Install every extra

test: $(VENV)/.setup lint  ## Run linters and all tests; ROS=jazzy for Jazzy
	$(MAKE) -j 2 unit $(if $(filter kilted,$(ROS)),lava)
	$(MAKE) graph
	$(if $(filter kilted,$(ROS)),$(BIN)/python -m pytest --durations=5 $(REPORT) $(ALONE))

unit: $(VENV)/.setup
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not graph' --durations=5 $(REPORT) $(TESTS)

graph: $(VENV)/.setup
	$(BIN)/python -m pytest -n $(GRAPHS) --dist worksteal -m graph $(addprefix --deselect ,$(ALONE)) \
		--durations=10 $(REPORT) $(TESTS)

lava: $(if $(PYTHON310),$(LAVA)/.setup)  ## Test the policy on Lava, if there is a Python 3.10
	$(if $(PYTHON310),$(LAVA)/bin/python -m pytest --durations=5 \
		-k lava test/backends/test_lava.py test/nodes/test_trajectories.py,@echo 'no Python 3.10 in PATH or $(PYENV_ROOT): the tests on Lava are left out')

lint: $(VENV)/.setup  ## Check the style
	$(BIN)/ruff check .

types: $(VENV)/.setup  ## Check the types
	$(BIN)/mypy

# Each archive in an environment of its own; the tests are copied away from the sources, and those
# about the sources left out.
DIST := .venv-dist
TRIED := ros,view,bags,plot,experiments,tune,train,pybullet,test,test-nir
dist: $(VENV)/.setup  ## Build wheel and source archive, and try both without the checkout
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	for archive in dist/*.whl dist/*.tar.gz; do \
		rm -rf $(DIST) build/tried && mkdir -p build/tried && \
		git archive HEAD | tar x -C build/tried --exclude='rstdp_ros/*' && \
		$(PYTHON) -m venv $(DIST) && $(DIST)/bin/pip install -q $(PINS) "$$archive[$(TRIED)]" && \
		(cd build/tried && ../../$(DIST)/bin/rstdp_ros demo cartpole --episodes 3 && \
		 ../../$(DIST)/bin/python -m pytest -n auto -m 'not graph' \
			--ignore test/test_rooms.py --ignore test/bringup/test_package.py) || exit 1; done

BENCH := runs/bench.json
bench: $(VENV)/.setup  ## Time kernels, simulators, start-up and lockstep; writes docs/performance.md
	for script in kernels simulators startup lockstep view; do \
		$(BIN)/python benchmark/$$script.py --json $(BENCH) || exit 1; done
	for script in realtime recording; do $(BIN)/python benchmark/$$script.py || exit 1; done
	$(BIN)/python benchmark/performance.py $(BENCH)

# They have dependencies of their own, some of them large.
PEERS := .venv-peers
bench-peers: $(VENV)/.setup $(PEERS)/.setup  ## Time others that do the same, beside this package
	$(PEERS)/bin/python -W ignore benchmark/peers.py --json $(BENCH)
	$(BIN)/python benchmark/performance.py $(BENCH)

$(PEERS)/.setup: setup.py constraints.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip $(INSTALL) -c constraints.txt -e '.[peers]'
	touch $@

soak: $(VENV)/.setup  ## Kill, wait and watch for an hour and a half
	$(BIN)/python -m pytest -s test/soak/soak_*.py
	RSTDP_ROS_MESSAGES=10000 $(BIN)/python -m pytest -s test/nodes/test_messages.py
	RSTDP_ROS_MUTANTS=1000 $(BIN)/python -m pytest -n auto test/exchange/test_damaged_foreign.py
	$(if $(PYTHON310),$(MAKE) $(LAVA)/.setup && $(LAVA)/bin/python -m pytest -s test/soak/soak_lava.py)
	for rate in 50 200; do for load in '' --busy; do \
		$(BIN)/python benchmark/realtime.py --rate $$rate --seconds 600 $$load || exit 1; \
	done; done

reproduce: $(VENV)/.setup  ## Repeat every experiment on a small scale, in minutes
	$(BIN)/rstdp_ros reproduce all --scale small --output runs/small

# In an environment of its own, as it imports nothing of ours.
DOCS := .venv-docs
docs: $(DOCS)/.setup  ## Build the documents as a site: build/docs/index.html
	$(DOCS)/bin/sphinx-build -q -W --keep-going -j auto docs build/docs

$(DOCS)/.setup: setup.py
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip $(INSTALL) -e '.[docs]'
	touch $@

BROWSER ?= chromium --headless --no-sandbox --hide-scrollbars --window-size=1000,1300
# Not here: docs/bag_*.png show a run with a person at it (docs/bags.md), docs/foxglove.png and
# docs/plotjuggler.png those programs, and what the figures in docs/results are drawn from takes
# hours (docs/reproduction.md).
pictures: $(VENV)/.setup  ## Draw the pictures in docs anew
	$(BIN)/rstdp_ros render cartpole --output docs/film.gif
	$(BIN)/rstdp_ros render acrobot --seed 400000000 400000001 --output docs/film_acrobot.gif
	$(BIN)/rstdp_ros adapt cartpole --strategy rstdp --plot docs/adaptation.png
	$(BIN)/rstdp_ros reproduce report --output docs/results
	-$(BIN)/python docs/view_pictures.py docs
	-$(BROWSER) --screenshot=docs/report.png file://$(CURDIR)/docs/results/report.html

clean:  ## Remove environments, builds and compiled kernels
	rm -rf .venv .venv-* build install log *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(INPUTS) | $(BIN)/python
	$(BIN)/pip $(INSTALL) $(PINS) -e '.[ros,plot,view]'
	-$(BIN)/python $(COMPILE) $(VENV)
	touch $@

$(VENV)/.setup: $(INPUTS) | $(BIN)/python
	$(BIN)/pip $(INSTALL) $(PINS) -e '.[$(EXTRAS)]'
	-$(BIN)/python $(COMPILE) $(VENV)
	touch $@ $(VENV)/.demo

$(LAVA)/.setup: $(INPUTS) constraints-lava.txt
	$(PYTHON310) -m venv $(LAVA)
	$(LAVA)/bin/pip $(INSTALL) -q -c constraints.txt -c constraints-lava.txt \
		-e '.[ros,lava]' pytest
	-$(LAVA)/bin/python $(COMPILE) $(LAVA)
	touch $@
