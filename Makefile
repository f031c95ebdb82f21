# The course's commands. Each makes its environment in .venv on first use.
#
#   make demo    build the labs, grade a sample class on real data, show the result
#   make test    everything that CI checks
#   make lab     JupyterLab on the student notebooks
#   make check   format, lint, types, then the tests

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lab check lint unit notebooks clean

demo: $(READY)
	$(BIN)/autograde demo

test: $(READY) unit notebooks

lab: $(READY)
	$(BIN)/jupyter lab labs

check: lint test

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/python -m pytest

# Built notebooks are as their sources say, run from top to bottom, and print what they printed.
notebooks: $(READY)
	$(BIN)/autograde build --check
	$(BIN)/autograde verify --profile quick
	COURSE_PROFILE=quick COURSE_PROGRESS=0 $(BIN)/python -m pytest --nbval --nbval-current-env \
		--nbval-sanitize-with tests/nbval.sanitize -p no:cacheprovider solutions

$(READY): pyproject.toml constraints.txt .ci/setup
	PYTHON="$(PYTHON)" bash .ci/setup
	touch $@

clean:
	rm -rf .venv demo-class build *.egg-info
