"""Search guided by a Gaussian process from the first trainings on: our own strategy."""

from nascast.strategies.guided.strategy import Guided

__all__ = ["Guided"]
