"""Pictures of architectures on pages."""

import re

import numpy as np
import pytest

from nascast.core import plugins
from nascast.report.cells import picture


@pytest.mark.parametrize("name", plugins.builtin_names("space"))
def test_every_vertex_is_a_named_box_and_every_edge_an_arrow(name: str) -> None:
    space = plugins.load("space", name)
    graph = space.graphs(space.sample(1, np.random.default_rng(0)))
    drawn = picture(graph)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn.svg)
    labels = [graph.vocabulary[label] for label in graph.labels[0] if label >= 0]
    assert {*labels} - {*texts} <= {"input", "output"}
    if not any(text.endswith(" cell") for text in texts):
        assert sorted(texts) == sorted(labels)
        assert drawn.svg.count('class="edge"') == graph.adjacency[0].sum()


def test_blocks_of_nasnet_hold_two_operations_and_how_they_are_joined() -> None:
    space = plugins.load("space", "nasnet")
    graph = space.graphs(space.sample(1, np.random.default_rng(0)))
    drawn = picture(graph).svg
    assert drawn.count('class="block"') == 10  # five in each of two cells
    assert re.findall(r'class="title"[^>]*>([^<]*)<', drawn) == ["normal cell", "reduction cell"]
    normal, reduction = re.split(r">reduction cell<", drawn)
    for cell in (normal, reduction):
        texts = re.findall(r"<text [^>]*>([^<]*)</text>", cell)
        assert {"h_i", "h_{i-1}"} <= {*texts}
        assert sum(text in graph.operations for text in texts) == 10
        assert sum(text in graph.joints for text in texts) == 5
    frames = re.findall(r'class="block" x="(\S+)" y="(\S+)" width="(\S+)"', normal)
    spans = [(float(y), float(x), float(x) + float(w)) for x, y, w in frames]
    for one in spans:
        for other in spans:
            if one is not other and one[0] == other[0]:
                assert one[2] <= other[1] or other[2] <= one[1]
