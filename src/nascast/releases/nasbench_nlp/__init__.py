"""The training logs of NAS-Bench-NLP."""

from nascast.releases.nasbench_nlp.conversion import release

__all__ = ["release"]
