# Everything runs in .venv, made on first use. PYTHON=python3.12 chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTERNAL := tests/external_package
CURVES := early_stop_accuracy,lcsvr
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check docs format clean

demo: $(VENV)/all.stamp
	$(BIN)/nascast compare --benchmark nb201-mini \
	  --predictors xgboost,ngboost,gp,gcn,seminas,jacov,synflow,nwot,params,sotl_e,$(CURVES),omni \
	  --train-sizes 20,100 --epochs 2,6 --trials 5 --seed 0 --out runs/demo
	$(BIN)/nascast compare --benchmark nb101_sample --benchmark nb301_sample \
	  --benchmark nbnlp_logs --predictors xgboost,gp,gcn,lce,$(CURVES) \
	  --train-sizes 20,60 --epochs 4,12 --test-size 100 --trials 5 --seed 0 --out runs/spaces
	cp runs/demo/report.html report.html
	@echo "The report is report.html, those of three other spaces are in runs/spaces."

# Half of the tests, in their order, for each of two processes: those of a file share what they made.
test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The API reference, from the docstrings, as a static site in site/.
docs: $(VENV)/test.stamp
	$(BIN)/python -m pdoc -d google -o site $(addprefix nascast.,core networks spaces training \
	  encodings proxies benchmarks stores executors callbacks predictors strategies runner studies report \
	  testing)

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) runs site report.html

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/all.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e ".[all]"
	touch $@

# The tests run on the components of another package, too, which is installed as any other is.
$(VENV)/test.stamp $(VENV)/dev.stamp: $(wildcard $(EXTERNAL)/*.toml $(EXTERNAL)/*/*.py)

$(VENV)/test.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e ".[test]"
	$(INSTALL) ./$(EXTERNAL)
	touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e ".[dev]"
	$(INSTALL) ./$(EXTERNAL)
	touch $@ $(VENV)/test.stamp
