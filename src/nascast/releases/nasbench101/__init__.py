"""The official files of NAS-Bench-101."""

from nascast.releases.nasbench101.conversion import release

__all__ = ["release"]
