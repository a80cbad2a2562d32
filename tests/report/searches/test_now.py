"""What goes on in a search, as a part of its page."""

from pathlib import Path

from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.report.searches.now import now_part
from nascast.runner import Step
from nascast.studies.searches.now import RUNNING, Writer
from nascast.training.running import Reached, tell


def test_queue_workers_children_and_failures(tmp_path: Path) -> None:
    assert now_part(tmp_path) == ""
    failed = Trial(
        0, Candidate(Architecture("tiny", (0,))), Evaluation({}, 1.0, "<b>it diverged"), 1.0
    )
    with Writer(tmp_path, "val_accuracy", 3, 10) as now:
        assert "A search begins on 3 workers." in now_part(tmp_path)
        now("ppo-0", Step([failed], 2, 100.0, {1: 40.0, 2: 100.0}), ["lost node 1a2b"])
        tell(tmp_path / RUNNING, 1, Reached(6, {"val_accuracy": (30.0, 55.5), "val_loss": (2, 1)}))
        text = now_part(tmp_path)
        assert "ppo-0: 1 of 10 finished, 1 failed; 2 on 3 workers, 7 to come; 100 s" in text
        assert '<td class="num">2 of 6</td>' in text
        assert '<td class="num">55.50</td>' in text
        assert 'data-name="trial 1"' in text  # its curve
        assert "Last failure: &lt;b&gt;it diverged" in text
        assert "Workers: lost node 1a2b" in text
        assert text.count("Running now</h2>") == 1
        assert f"Running now: {tmp_path}</h2>" in now_part(tmp_path, tmp_path)
    assert now_part(tmp_path) == ""
