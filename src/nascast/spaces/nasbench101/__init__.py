"""NAS-Bench-101 (Ying et al., ICML 2019, https://arxiv.org/abs/1902.09635)."""

from nascast.spaces.nasbench101.space import NasBench101

__all__ = ["NasBench101"]
