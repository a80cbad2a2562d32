"""``nascast search --from`` and ``--prior``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nascast.spaces.nasbench201 import NasBench201

Cli = Callable[..., tuple[int, str, str]]


def test_a_search_from_another_and_what_is_refused(cli: Cli, tmp_path: Path) -> None:
    bench = ["search", "--benchmark", "nb201-mini", "--evaluations", "3"]
    assert cli("ask", tmp_path / "old", "--space", "nasbench201", "--strategy", "random")[0] == 0
    assert cli("tell", tmp_path / "old", "--id", "0", "--metric", "val_accuracy=90")[0] == 0
    cold = [*bench, "--strategy", "guided", "--out", tmp_path / "new"]
    new = [*cold, "--from", tmp_path / "old"]
    assert cli(*new)[0] == 0
    assert cli("report", tmp_path / "new")[0] == 0
    bare = [*bench, "--out", tmp_path / "bare"]
    assert cli(*bare)[0] == 0
    for words in (new, [*bare, "--from", "none"]):
        assert cli(*words, "--resume", "--evaluations", "4")[0] == 0
    other = [*bench, "--strategy", "guided", "--out", tmp_path / "other"]
    for words, told in (
        ([*cold, "--resume"], "0' began with 1 architectures"),  # though nothing is left to do
        (
            [*cold, "--resume", "--seeds", "2"],
            "with nothing; give the --from and --prior that it began with",
        ),
        ([*new, "--resume", "--prior", "none=-1"], "1 architectures; none=-1"),
        ([*bare, "--resume", "--prior", "none=-1"], "with nothing known before, and would go on"),
        ([*bare, "--resume", "--from", "known"], "; write --from none, and no --prior, or choose"),
        ([*other, "--strategy", "random", "--prior", "none=-1"], "search with guided"),
        ([*other, "--from", tmp_path / "no"], "expected the name of a benchmark"),
        ([*other, "--from", tmp_path], "holds no search"),
        ([*other, "--from", "nb101_sample"], "of the space nasbench101"),
        ([*other, "--from", "nb201-mini"], "begin with its answers"),
        ([*other, "--from", tmp_path / "old", "--metric", "val_loss"], "says nothing here"),
        ([*other, "--prior", "conv=1"], "no operation 'conv'"),
        ([*other, "--prior", "conv=1."], "no operation 'conv'"),
        ([*other, "--prior", "conv=1e-1, none=-.5"], "no operation 'conv'"),
        ([*other, "--prior", "none=nan"], "the weight of none is a finite number; got nan"),
        ([*other, "--prior", "none=1,none=-1"], "--prior: give each operation one weight"),
        ([*other, "--prior", "some cell"], "expected"),
        ([*other, "--prior", "none=-1", "--metric", "val_accuracy,parameters"], "one objective"),
    ):
        status, _, error = cli(*words)
        assert (status, told in error) == (2, True), (words, error)
    assert not (tmp_path / "other").exists()


def test_a_search_begins_with_scores_of_untrained_networks(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On record for this table; so none is built, and a search that goes on has the same."""
    monkeypatch.setattr(NasBench201, "build", None)
    words = ["search", "--benchmark", "nb201_seeds", "--from", "az_nas", "--out", tmp_path / "run"]
    code, _, err = cli(*words, "--evaluations", "3")
    assert code == 0
    assert "scored: 500 untrained networks by az_nas, " in err
    assert cli(*words, "--evaluations", "4", "--resume")[0] == 0
    assert "500 architectures" in (tmp_path / "run" / "report.html").read_text()
    other = ["search", "--benchmark", "nb201_seeds", "--out", tmp_path / "other", "--from"]
    for source, told in (
        ("az_nas(reference=0)", "the reference has 1 architecture or more; got 0"),
        ("az_nas(refrence=5)", "has no setting 'refrence'"),
        ("xgboost", "unknown benchmark 'xgboost'"),
    ):
        code, _, err = cli(*other, source)
        assert (code, told in err) == (2, True), err
    code, _, err = cli(*other, "az_nas", "--strategy", "ppo")
    assert (code, "scored" in err, "search with guided" in err) == (2, False, True)
    assert not (tmp_path / "other").exists()


def test_children_begin_with_scores_of_their_own_networks(cli: Cli, tmp_path: Path) -> None:
    base = ["search", "--data", "digits", "--space", "nasbench201", "--strategy", "guided"]
    less = ["--recipe", "epochs=1", "--skeleton", "channels=2,cells=1", "--evaluations", "1"]
    words = [*base, *less, "--workers", "1", "--from", "flops", "--out", tmp_path / "run"]
    code, _, err = cli(*words)
    assert code == 0, err
    assert "scored: 500 untrained networks by flops, " in err
    assert cli(*words, "--resume", "--evaluations", "2")[0] == 0
