"""Pictures of architectures."""

from pathlib import Path

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError
from nascast.report.drawing import draw, layout


@pytest.mark.parametrize("name", plugins.builtin_names("space"))
def test_every_space_can_be_drawn(name: str, tmp_path: Path) -> None:
    space = plugins.load("space", name)
    genes = space.sample(1, np.random.default_rng(0))
    graph = space.graphs(genes)
    draw(graph, f"{name}\n{space.to_text(genes)[0]}", tmp_path / "a.svg")
    picture = (tmp_path / "a.svg").read_text()
    arrows = picture.count('id="patch_')
    assert arrows >= graph.adjacency.sum()
    draw(graph, name, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_vertices_stand_below_what_they_read_and_apart() -> None:
    space = plugins.load("space", "nasbench101")
    for row in space.sample(30, np.random.default_rng(1)):
        graph = space.graphs(row[None])
        alive = np.flatnonzero(graph.mask[0])
        adjacency = graph.adjacency[0][np.ix_(alive, alive)]
        places = layout(adjacency)
        for i, j in np.argwhere(adjacency):
            assert places[i, 1] > places[j, 1]
        gaps = np.abs(places[:, None] - places[None]).max(2) + 9 * np.eye(len(places))
        assert gaps.min() >= 1


def test_other_files_are_refused(tmp_path: Path) -> None:
    space = plugins.load("space", "nasbench201")
    graph = space.graphs(space.sample(1, np.random.default_rng(0)))
    with pytest.raises(InvalidSettingError, match=r"\.svg or \.png"):
        draw(graph, "a", tmp_path / "a.gif")
    with pytest.raises(StoreError, match="cannot write"):
        draw(graph, "a", tmp_path / "nowhere" / "a.svg")
