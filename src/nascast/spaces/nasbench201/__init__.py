"""NAS-Bench-201 (Dong & Yang, ICLR 2020, https://arxiv.org/abs/2001.00326)."""

from nascast.spaces.nasbench201.space import NasBench201

__all__ = ["NasBench201"]
