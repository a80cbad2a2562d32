"""Running a ledger: kept, resumed, failures passed over."""

import inspect
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, StoreError
from nascast.executors.processes import Processes
from nascast.studies.claims import catalogue
from nascast.studies.claims import claim as claim_module
from nascast.studies.claims.claim import Claim, Desk, Scale
from nascast.studies.claims.finding import Finding, Part, Verdict, judged
from nascast.studies.claims.intervals import mean
from nascast.studies.claims.run import kept, reproduce
from nascast.studies.journal import Journal
from nascast.studies.predictors.design import Study

CALLS: list[str] = []
WORDS = ("A statement.", "A source.", "A protocol.")


def _judge(desk: Desk) -> Finding:
    CALLS.append("judge")
    return judged([Part("mean", mean(desk.rng(0).normal(2.0, 0.1, desk.trials)), 1.0)])


def _fails(desk: Desk) -> Finding:
    CALLS.append("fails")
    raise ZeroDivisionError("by nothing")


def _plan(scale: Scale) -> Study:
    axes = {"train_size": (10,), "epochs": (1,)}
    return Study("nb201_mini", ("sotl_e",), axes, trials=scale.trials, test_size=20)


def _reads(desk: Desk) -> Finding:
    tau = [result.kendall for result in desk.results(_plan)]
    return judged([Part("trials", mean(desk.rng(0).normal(size=2)), -9.0 * len(tau))])


def _refused(scale: Scale) -> Study:
    refused = "transfer(predictor=bayesian_linear_regression,benchmark=nb201_mini)"
    names = ("sotl_e", refused)  # it would learn from what it is judged by
    axes = {"train_size": (10,), "epochs": (1,)}
    return Study("nb201_mini", names, axes, trials=scale.trials, test_size=20)


def _reads_both(desk: Desk) -> Finding:
    return judged([Part("trials", mean(np.ones(len(desk.results(_refused)))), 0.0)])


def _never(scale: Scale) -> Study:
    return Study("nb201_mini", ("sotl_e",), {"train_size": (10,)}, test_size=2000)


FINE = Claim("fine", *WORDS, _judge)
BROKEN = Claim("broken", *WORDS, _fails)
READS = Claim("reads", *WORDS, _reads, studies=(_plan,))


def test_a_failing_claim_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    entries = reproduce([BROKEN, FINE], tmp_path, Scale(3))
    assert [entry.claim.name for entry in entries] == ["broken", "fine"]
    assert entries[0].error == "ZeroDivisionError: by nothing"
    assert entries[1].finding
    assert entries[1].finding.verdict is Verdict.HOLDS


def test_what_was_decided_is_read_and_the_rest_measured(tmp_path: Path) -> None:
    CALLS.clear()
    first = reproduce([FINE, BROKEN], tmp_path, Scale(3))
    again = reproduce([FINE, BROKEN], tmp_path, Scale(3))
    assert CALLS == ["judge", "fails", "fails"]  # a failure is tried once more
    assert first[0] == again[0]
    assert reproduce([FINE], tmp_path, Scale(3, seed=1))[0].finding != first[0].finding
    assert reproduce([FINE], tmp_path, Scale(4))[0].finding != first[0].finding
    assert CALLS[3:] == ["judge", "judge"]
    assert kept([FINE], tmp_path, Scale(3))[0] == first[0]


def test_studies_are_run_once_and_read_by_their_claims(tmp_path: Path) -> None:
    other = Claim("other", *WORDS, _reads, studies=(_plan, _never))
    entries = {e.claim.name: e for e in reproduce([READS, other], tmp_path, Scale(5))}
    assert entries["reads"].finding
    assert entries["reads"].shared > 0
    assert "2000 test" in (entries["other"].error or "")
    before = (tmp_path / "claims.jsonl").read_bytes()
    assert reproduce([READS], tmp_path, Scale(5)) == [entries["reads"]]
    assert (tmp_path / "claims.jsonl").read_bytes() == before


def test_a_predictor_that_fails_is_a_caveat(tmp_path: Path) -> None:
    """Compared with one that refuses the table, a claim holds only with a caveat."""
    claim = Claim("fails", *WORDS, _reads_both, studies=(_refused,))
    (entry,) = reproduce([claim], tmp_path, Scale(5))
    assert entry.finding
    assert (entry.finding.verdict, all(part.holds for part in entry.finding.parts)) == (
        Verdict.CAVEAT,
        True,
    )
    assert "failed in 5 cells" in entry.finding.remark


def test_what_decides_is_known_by_its_code() -> None:
    """Every module of the package but those of other judges."""
    package = Path(claim_module.__file__).parent
    judges = {Path(inspect.getfile(claim.judge)).stem for claim in catalogue.named([])}
    modules = {file.stem for file in package.glob("*.py")} - judges - {"__init__", "catalogue"}
    assert {*claim_module._DECIDE} == modules


def test_claims_with_trials_want_enough_of_them(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match="at least 5"):
        reproduce([FINE, READS], tmp_path, Scale(4))


def test_any_executor_gives_the_same(tmp_path: Path) -> None:
    from nascast.studies.claims.catalogue import named

    claims = named(["unique_networks"])
    with Processes(2) as executor:
        there = reproduce(claims, tmp_path / "two", Scale(2), executor)
    here = reproduce(claims, tmp_path / "one", Scale(2))
    assert there[0].finding == here[0].finding


def test_a_killed_ledger_goes_on(tmp_path: Path) -> None:
    slow = "def slow(desk):\n    time.sleep(60 * Path('wait').exists())\n    return _judge(desk)\n"
    (tmp_path / "ledger.py").write_text(f"{Path(__file__).read_text()}\n\n{slow}")
    claims = "[FINE, Claim('slow', *WORDS, slow)]"
    code = (
        f"from ledger import *\nfrom ledger import slow\nreproduce({claims}, Path('.'), Scale(3))"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    (tmp_path / "wait").touch()
    process = subprocess.Popen(command, env=environment, cwd=tmp_path)
    journal, ends = Journal(tmp_path / "claims.jsonl"), time.monotonic() + 30
    while not list(journal.read()):
        assert process.poll() is None
        assert time.monotonic() < ends
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (before,) = journal.read()
    (tmp_path / "wait").unlink()
    subprocess.run(command, env=environment, cwd=tmp_path, check=True)
    after = list(journal.read())
    assert [record["claim"] for record in after] == ["fine", "slow"]
    assert after[0] == before
    assert after[1]["finding"] == before["finding"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="--out"):
        reproduce([FINE], tmp_path / "file" / "x", Scale(2))
