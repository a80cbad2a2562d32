"""Networks that grow from a seed by network morphisms."""

from nascast.spaces.morphism.space import Morphism

__all__ = ["Morphism"]
