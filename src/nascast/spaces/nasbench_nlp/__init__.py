"""NAS-Bench-NLP (Klyuchnikov et al., IEEE Access 2022, https://arxiv.org/abs/2006.07116)."""

from nascast.spaces.nasbench_nlp.space import NasBenchNlp

__all__ = ["NasBenchNlp"]
