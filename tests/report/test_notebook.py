"""What a notebook shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nascast
from nascast.core.errors import MissingDataError


def test_an_architecture_is_drawn_beside_its_text() -> None:
    space = nascast.load("space", "nasbench201")
    arch = space.architecture(
        space.from_text(["|none~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"])[0]
    )
    found = nascast.view(arch)._repr_html_()
    assert "skip_connect~0" in found
    assert "<svg" in found


def test_a_benchmark_shows_its_metrics() -> None:
    bench = nascast.load("benchmark", "nb201-mini")
    found = nascast.view(bench)
    assert [row["metric"] for row in found.rows] == list(bench.metrics)
    assert "1,006 architectures" in found.title


def test_a_comparison_has_a_row_for_each_predictor_and_budget(
    make_run: Callable[..., Path], make_row: Callable[..., Any]
) -> None:
    rows = [make_row("xgboost", n, trial=t) for n in (20, 100) for t in (0, 1)]
    found = nascast.view(make_run(rows))
    assert [(row["predictor"], row["budget"]) for row in found.rows] == [
        ("xgboost", "train_size 20"),
        ("xgboost", "train_size 100"),
    ]
    mean = (rows[0].kendall + rows[1].kendall) / 2
    assert found.rows[0]["τ"] == pytest.approx(mean)
    assert f"{mean:.4g}" in found._repr_html_()
    assert "<svg" in found.picture


def test_names_are_escaped() -> None:
    from nascast.report.notebook import View

    found = View("<b>", [{"<i>": "<script>"}])._repr_html_()
    assert "<script>" not in found
    assert "<i>" not in found


def test_a_folder_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="neither"):
        nascast.view(tmp_path)
