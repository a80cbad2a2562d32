"""DARTS cells as configurations, against configurations written by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks.nasbench301.choices import CHOICES, INACTIVE, choices
from nascast.spaces.darts import Darts

GENOTYPE = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ('sep_conv_5x5', 2), "
    "('max_pool_3x3', 0), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3), ('avg_pool_3x3', 4), "
    "('sep_conv_3x3', 2)], normal_concat=range(2, 6), "
    "reduce=[('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('sep_conv_5x5', 1), "
    "('dil_conv_5x5', 0), ('skip_connect', 1), ('sep_conv_3x3', 0), ('avg_pool_3x3', 1)], "
    "reduce_concat=range(2, 6))"
)
# By hand: edge = [0, 2, 5, 9][node - 2] + input.
CONFIGURATION = {
    **{"edge_normal_0": "sep_conv_3x3", "edge_normal_1": "skip_connect"},
    **{"edge_normal_2": "max_pool_3x3", "edge_normal_4": "sep_conv_5x5"},
    **{"edge_normal_6": "dil_conv_3x3", "edge_normal_8": "dil_conv_5x5"},
    **{"edge_normal_11": "sep_conv_3x3", "edge_normal_13": "avg_pool_3x3"},
    **{"inputs_node_normal_3": "0_2", "inputs_node_normal_4": "1_3", "inputs_node_normal_5": "2_4"},
    **{"edge_reduce_0": "max_pool_3x3", "edge_reduce_1": "max_pool_3x3"},
    **{"edge_reduce_3": "sep_conv_5x5", "edge_reduce_4": "skip_connect"},
    **{"edge_reduce_5": "dil_conv_5x5", "edge_reduce_6": "skip_connect"},
    **{"edge_reduce_9": "sep_conv_3x3", "edge_reduce_10": "avg_pool_3x3"},
    **{"inputs_node_reduce_3": "1_2", "inputs_node_reduce_4": "0_1", "inputs_node_reduce_5": "0_1"},
}
PREFIX = "NetworkSelectorDatasetInfo:darts:"


def read(row: np.ndarray) -> dict[str, str]:
    active = {
        name: values[index]
        for (name, values), index in zip(CHOICES.items(), row, strict=True)
        if index != INACTIVE
    }
    return {name.removeprefix(PREFIX): value for name, value in active.items()}


def test_a_cell_written_by_hand() -> None:
    (row,) = choices(Darts().from_text([GENOTYPE]))
    assert read(row) == CONFIGURATION


def test_which_input_is_written_first_does_not_matter() -> None:
    swapped = GENOTYPE.replace(
        "('sep_conv_5x5', 2), ('max_pool_3x3', 0)", "('max_pool_3x3', 0), ('sep_conv_5x5', 2)"
    )
    assert swapped != GENOTYPE
    one, two = choices(Darts().from_text([GENOTYPE, swapped]))
    assert np.array_equal(one, two)


def test_different_rows_are_different_configurations() -> None:
    genes = np.unique(Darts().sample(2000, np.random.default_rng(0)), axis=0)
    found = choices(genes)
    assert len(np.unique(found, axis=0)) == len(genes)
    assert ((found != INACTIVE).sum(1) == 22).all()  # 16 edges and 6 pairs of inputs
    assert choices(genes[:0]).shape == (0, 34)


def test_active_choices_are_those_of_the_published_conditions(shared_data: Path) -> None:
    file = shared_data / "nb301_yahpo" / "config_space_v2.json"
    if not file.is_file():
        pytest.skip(f"no {file}")
    published = json.loads(file.read_text().replace("_COLON_", ":"))
    values = {h["name"]: h["choices"] for h in published["hyperparameters"] if "choices" in h}
    assert {name: sorted(v) for name, v in values.items()} == {
        name: sorted(v) for name, v in CHOICES.items()
    }
    for row in choices(Darts().sample(200, np.random.default_rng(1))):
        configuration = {PREFIX + name: value for name, value in read(row).items()}
        for condition in published["conditions"]:
            active = configuration[condition["parent"]] in condition["values"]
            assert active == (condition["child"] in configuration)
