"""The released surrogates of NAS-Bench-301."""

from nascast.releases.nasbench301.conversion import release

__all__ = ["release"]
