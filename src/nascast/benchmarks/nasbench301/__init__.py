"""NAS-Bench-301 (Zela et al., ICLR 2022, https://arxiv.org/abs/2008.09777)."""

from nascast.benchmarks.nasbench301.reader import NasBench301

__all__ = ["NasBench301"]
