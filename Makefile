# Two commands for a newcomer: `make evaluate` and `make test`. Written for GNU make 3.81, which macOS has.

SHELL = /bin/sh
SWIFT ?= swift
PYTHON ?= python3
# The same flags everywhere, so that `make evaluate` and `make test` share one build.
RELEASE = -c release -Xswiftc -enable-testing
VENV = .build-python
# ArviZ before and from version 1 cannot be in one environment.
VENV_ARVIZ1 = .build-python-arviz1
# PyTorch alone, and every framework that `posterior export-python-example` knows.
VENV_TORCH = .build-python-torch
VENV_FRAMEWORKS = .build-python-frameworks
# oneDNN 3.2 as a wheel built for OpenMP. `onednn`, which is newer, is built for SYCL and shares out every call itself.
VENV_ONEDNN = .build-python-onednn
LONG_OUTPUT = Docs/test-long.txt
LINTED = Sources Plugins Tests
SITE = .build/documentation
# The folder of a server where the pages will lie, for `make docs`: name for https://example.org/name; empty at its root.
DOCS_BASE_PATH ?=

# Where the full MNIST lies, for `make fixtures`: else what `datasets fetch mnist` has downloaded.
MNIST ?=
TRAINED = mnist-hmc half-moons-hmc mnist-deep-ensemble fashion-vi photographs-resnet

.PHONY: help dependencies build evaluate test test-swift test-processors test-onednn test-long test-python test-torch test-large test-frameworks writers-table lint format bench leaderboard docs fixtures clean

help:
	@echo "make evaluate      install what is missing, build, and evaluate Fixtures/mnist-hmc.h5"
	@echo "make test          install what is missing, build, and run all tests"
	@echo "make test-long     the same with every long repetition; a summary goes to $(LONG_OUTPUT)"
	@echo "make test-processors   what depends on products again, as processors with fewer instructions would run it"
	@echo "make test-onednn   the same with oneDNN 3, which comes as a wheel; ROBUSTNESS_ONEDNN=PATH: with that one"
	@echo "make test-python   files from here in xarray and ArviZ, files from Python packages here"
	@echo "make test-large    720 draws of a ResNet-20, 0.8 GB, in less than 1 GB of memory; some ten minutes"
	@echo "make test-torch    networks of PyTorch, exported, imported and evaluated"
	@echo "make test-frameworks   the same with every framework, some GB of packages; writes the table of Docs/frameworks.md"
	@echo "make writers-table write the table of Docs/file-format.md that test-python compares"
	@echo "make lint          check the format of the source;  make format: correct it"
	@echo "make leaderboard   the shared benchmark on the posteriors in Fixtures, into Docs/leaderboard.md"
	@echo "make fixtures      train the posteriors in Fixtures again (MNIST=folder: where the full data set is)"
	@echo "make docs          the reference of the modules as web pages, in $(SITE)"
	@echo "make bench         measure the speed beside other tools"
	@echo "make clean         remove everything that was built"

dependencies:
	@sh .ci/dependencies

build: dependencies
	$(SWIFT) build $(RELEASE) --product evaluate

evaluate: build
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/evaluate --attack standard \
	  --model Fixtures/mnist-hmc.h5 --examples 100
	@echo
	@echo "Six ResNet-20 on photographs: evaluate --attack pgd:steps=20 --model Fixtures/photographs-resnet.h5 --epsilon 4/255"
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/evaluate --attack pgd:steps=20 --epsilon 4/255 --checks quick \
	  --model Fixtures/photographs-resnet.h5 --examples 28
	@echo
	@echo "Now with your own posterior: $$($(SWIFT) build $(RELEASE) --show-bin-path)/evaluate --help"

# What the tests ran on stands above them: last bits, and what may be assumed about them, differ between processors.
test-swift: dependencies
	$(SWIFT) build $(RELEASE) --build-tests
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/benchmarks --machine
	$(SWIFT) test $(RELEASE) --skip-build

test-processors: dependencies
	@SWIFT="$(SWIFT)" sh .ci/processors $(RELEASE)

$(VENV_ONEDNN)/complete: Tests/Python/requirements-onednn.txt
	@PYTHON="$(PYTHON)" sh .ci/python $(VENV_ONEDNN) Tests/Python/requirements-onednn.txt

# The system's own library is what the other tests run with.
ifdef ROBUSTNESS_ONEDNN
test-onednn: dependencies
else
test-onednn: export ROBUSTNESS_ONEDNN = $(CURDIR)/$(VENV_ONEDNN)/lib
test-onednn: dependencies $(VENV_ONEDNN)/complete
endif
	$(SWIFT) build $(RELEASE) --build-tests
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/benchmarks --machine
	$(SWIFT) test $(RELEASE) --skip-build --skip 'NetworkAnswersTests/accuracies' \
	  --filter 'ComputeKernelsTests|NeuralNetworksTests|EndToEndTests.*(Invariance|Library)|KnownAnswer|ExpectedAccuracy|LeapfrogTests'

test: test-swift
	@$(MAKE) test-python

test-long: dependencies
	@mkdir -p Docs
	$(SWIFT) build $(RELEASE) --build-tests
	@{ ROBUSTNESS_LONG_TESTS=1 $(SWIFT) test $(RELEASE) --skip-build 2>&1; echo "exit code $$?"; } | tee .build/test-long.log
	@{ SWIFT="$(SWIFT)" sh .ci/test-summary .build/test-long.log; \
	  $$($(SWIFT) build $(RELEASE) --show-bin-path)/benchmarks --machine; tail -n 1 .build/test-long.log; } > $(LONG_OUTPUT)
	@tail -n 1 $(LONG_OUTPUT) | grep -q '^exit code 0$$'

$(VENV)/complete: Tests/Python/requirements.txt
	@PYTHON="$(PYTHON)" sh .ci/python $(VENV) Tests/Python/requirements.txt

# Its own minimum of Python is above what many systems have; the part that writes files runs on the older ones too.
$(VENV_ARVIZ1)/complete: Tests/Python/requirements-arviz1.txt
	@PYTHON="$(PYTHON)" PIP_IGNORE_REQUIRES_PYTHON=1 sh .ci/python $(VENV_ARVIZ1) Tests/Python/requirements-arviz1.txt

test-python: dependencies $(VENV)/complete $(VENV_ARVIZ1)/complete
	$(PYTHON) Tests/Benchmarks/performance_page.py
	$(SWIFT) build $(RELEASE) --product posterior
	@posterior="$$($(SWIFT) build $(RELEASE) --show-bin-path)/posterior"; \
	{ $(VENV)/bin/python Tests/Python/test_interoperability.py "$$posterior" && \
	  $(VENV)/bin/python Tests/Python/test_writers.py "$$posterior" $(VENV_ARVIZ1)/bin/python; } \
	  > .build-python/output.txt || { grep -v '^ok ' .build-python/output.txt; exit 1; }
	@echo "$$(grep -c '^ok ' .build-python/output.txt) checks with h5py, netCDF4, xarray and ArviZ passed"

test-large: dependencies $(VENV)/complete
	$(SWIFT) build $(RELEASE) --product evaluate
	$(VENV)/bin/python Tests/Python/test_large_posterior.py "$$($(SWIFT) build $(RELEASE) --show-bin-path)/evaluate"

$(VENV_TORCH)/complete: Tests/Python/requirements-torch.txt
	@PYTHON="$(PYTHON)" sh .ci/python $(VENV_TORCH) Tests/Python/requirements-torch.txt

$(VENV_FRAMEWORKS)/complete: Tests/Python/requirements-frameworks.txt
	@PYTHON="$(PYTHON)" sh .ci/python $(VENV_FRAMEWORKS) Tests/Python/requirements-frameworks.txt

test-torch: dependencies $(VENV_TORCH)/complete
	$(SWIFT) build $(RELEASE) --product posterior
	$(SWIFT) build $(RELEASE) --product evaluate
	@bin="$$($(SWIFT) build $(RELEASE) --show-bin-path)"; \
	$(VENV_TORCH)/bin/python Tests/Python/test_frameworks.py "$$bin/posterior" "$$bin/evaluate" --only torch \
	  > $(VENV_TORCH)/output.txt || { grep -v '^ok ' $(VENV_TORCH)/output.txt; exit 1; }
	@grep '^skipped' $(VENV_TORCH)/output.txt || true
	@echo "$$(grep -c '^ok ' $(VENV_TORCH)/output.txt) checks with PyTorch passed"

test-frameworks: dependencies $(VENV_FRAMEWORKS)/complete
	$(SWIFT) build $(RELEASE) --product posterior
	$(SWIFT) build $(RELEASE) --product evaluate
	@bin="$$($(SWIFT) build $(RELEASE) --show-bin-path)"; \
	$(VENV_FRAMEWORKS)/bin/python Tests/Python/test_frameworks.py "$$bin/posterior" "$$bin/evaluate" --write Docs/frameworks.md

writers-table: dependencies $(VENV)/complete $(VENV_ARVIZ1)/complete
	$(SWIFT) build $(RELEASE) --product posterior
	@$(VENV)/bin/python Tests/Python/test_writers.py "$$($(SWIFT) build $(RELEASE) --show-bin-path)/posterior" \
	  $(VENV_ARVIZ1)/bin/python --write > .build-python/output.txt || { grep -v '^ok ' .build-python/output.txt; exit 1; }

lint:
	$(SWIFT) format lint -r -p --strict $(LINTED)

format:
	$(SWIFT) format -r -p -i $(LINTED)

bench: dependencies
	$(SWIFT) build -c release --product benchmarks
	$(PYTHON) Tests/Benchmarks/run.py --write Docs/performance.md

# What is finished is in the folder and is not run again.
leaderboard: dependencies
	$(SWIFT) build $(RELEASE) --product benchmark
	@$$($(SWIFT) build $(RELEASE) --show-bin-path)/benchmark run --suite Fixtures/suites/standard.json \
	  --models $(filter-out Fixtures/photographs%,$(wildcard Fixtures/*.h5)) --results .build/leaderboard --markdown Docs/leaderboard.md

# One site for every module with a catalogue. Only this resolves DocC's plugin: Package.swift.
docs: dependencies
	@mkdir -p $(SITE)
	ROBUSTNESS_DOCC=1 $(SWIFT) package --allow-writing-to-directory $(SITE) generate-documentation \
	  $(foreach catalogue,$(wildcard Sources/*/*/Documentation.docc),--target $(notdir $(patsubst %/Documentation.docc,%,$(catalogue)))) \
	  --enable-experimental-combined-documentation --output-path $(SITE) --transform-for-static-hosting \
	  $(if $(DOCS_BASE_PATH),--hosting-base-path $(DOCS_BASE_PATH)) --warnings-as-errors
	@echo "To read it: $(PYTHON) -m http.server --directory $(SITE), then http://localhost:8000/documentation/"

fixtures: dependencies
	$(SWIFT) build $(RELEASE) --product train
	@for name in $(TRAINED); do \
	  case $$name in mnist-*) folder="$(if $(MNIST),--data-folder $(MNIST))" ;; *) folder= ;; esac; \
	  $$($(SWIFT) build $(RELEASE) --show-bin-path)/train --config Fixtures/configurations/$$name.json $$folder \
	    --output Fixtures/$$name.h5 --overwrite || exit 1; \
	done

clean:
	rm -rf .build .build-portable $(VENV) $(VENV_ARVIZ1) $(VENV_TORCH) $(VENV_FRAMEWORKS) $(VENV_ONEDNN)
