"""The logs of NAS-Bench-NLP on WikiText-2 inside the package: 263 recurrent cells.

Source: Klyuchnikov et al., IEEE Access 2022, https://arxiv.org/abs/2006.07116 (Apache-2.0). Losses
are in nats, after each of 50 epochs, of all trainings that were completed; see the benchmark
``nasbench_nlp``, which reads tables of all the official logs, for what its seeds are.
"""

from pathlib import Path

from nascast.benchmarks.table import Table, read_table

__all__ = ["nbnlp_logs"]


def nbnlp_logs() -> Table:
    """Returns the logs of NAS-Bench-NLP on WikiText-2, which are in the package."""
    return read_table(Path(__file__).with_name("nbnlp_logs.nascast"))
