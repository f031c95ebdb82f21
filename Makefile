# The course's commands. Each makes its environment in .venv on first use.
#
#   make demo    build the labs, grade a sample class on real data, show the result
#   make test    all tests: units, built files against their sources, every notebook;
#                HOSTILE=all tries every attack instead of one in nine
#   make browser a student's hour in Chromium; installs what is missing, pictures in build/browser
#   make lab     JupyterLab on the student notebooks
#   make quick   format, lint, types, and the unit tests that need no notebook and no class
#   make check   format, lint, types, then all tests
#   make prove   are the checks right? every answer, mutant, blank and right sample's notebook;
#                SAMPLE=0.1 SEEDS=1 is quick
#   make fuzz    decode what nobody would hand in, for a night; FUZZ_MINUTES=10 is quick

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

SAMPLE ?= 1
SEEDS ?= 20
FUZZ_MINUTES ?= 480
HOSTILE ?= 9
export HOSTILE

.PHONY: demo test lab quick check lint unit notebooks browser prove fuzz clean

demo: $(READY)
	$(BIN)/autograde demo

test: $(READY) unit notebooks

lab: $(READY)
	$(BIN)/python -m course start

check: lint test browser

quick: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# One thread each: two processes that both want both cores wait for each other. What fails beside
# others is tried once more alone: the sandbox's limits are in seconds, and machines can be busy.
unit: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --durations 10 \
		--ignore tests/browser || \
		OMP_NUM_THREADS=1 $(BIN)/python -m pytest --last-failed --last-failed-no-failures none

# Built files are as their sources say. Student notebooks run from top to bottom and earn nothing;
# solutions run, print what they printed, and have full points in what they printed. A copy runs,
# since a lab may save its network beside the notebook.
notebooks: $(READY)
	$(BIN)/autograde build --check
	OMP_NUM_THREADS=1 $(BIN)/autograde verify --only student --profile quick --jobs 2
	rm -rf build/notebooks && mkdir -p build/notebooks
	cp solutions/notebooks/lab*/*.ipynb build/notebooks
	OMP_NUM_THREADS=1 COURSE_PROFILE=quick COURSE_PROGRESS=0 $(BIN)/python -m pytest \
		--nbval --nbval-current-env --nbval-sanitize-with tests/nbval.sanitize \
		-n 2 --dist loadfile -p no:cacheprovider -W default --durations 10 -q build/notebooks

# By themselves: a browser, a server and a kernel have enough to do with two cores.
browser: $(READY)
	bash .ci/browser

# What is known of the same code, under build/prove, is not tried again.
prove: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/autograde verify --only samples --sample $(SAMPLE) --jobs 2
	OMP_NUM_THREADS=1 $(BIN)/autograde prove --sample $(SAMPLE) --seeds $(SEEDS)

# Failing cases stay in build/fuzz; the next run begins with them.
fuzz: $(READY)
	OMP_NUM_THREADS=1 FUZZ_MINUTES=$(FUZZ_MINUTES) $(BIN)/python -m tests.fuzz

$(READY): pyproject.toml constraints.txt .ci/setup
	PYTHON="$(PYTHON)" bash .ci/setup
	touch $@

clean:
	rm -rf .venv demo-class build *.egg-info
