"""``nascast search --from`` and ``--prior``."""

from collections.abc import Callable
from pathlib import Path

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
