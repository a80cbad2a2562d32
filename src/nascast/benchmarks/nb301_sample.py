"""Answers of a surrogate of NAS-Bench-301 inside the package: 10,000 pairs of DARTS cells.

Source: Zela et al., ICLR 2022, https://arxiv.org/abs/2008.09777, by the surrogate of YAHPO Gym
(Apache-2.0). Nothing was trained for it: a model that was fitted on 60,000 trainings predicts the
validation accuracy after ten of 98 epochs, in percent and without noise, and the seconds. What a
predictor reaches here is how well it finds the surrogate, which is smoother than trainings are.
"""

from pathlib import Path

from nascast.benchmarks.table import Table, read_table

__all__ = ["nb301_sample"]


def nb301_sample() -> Table:
    """Returns the sample of a surrogate's answers, which is in the package."""
    return read_table(Path(__file__).with_name("nb301_sample.nascast"))
