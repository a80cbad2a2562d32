"""What the networks for text have in common."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

__all__ = ["LanguageNetwork"]


class LanguageNetwork(nn.Module, ABC):
    """A network that foretells the next word of n texts, which it reads side by side.

    It is in two parts, so that gradients can be taken by what it reads: words are numbers, and have
    none. States are tensors, in tuples or lists; None stands for those at the beginning of a text.
    """

    @abstractmethod
    def embed(self, words: Tensor) -> Tensor:
        """Returns ``(t, n, size)``: the embeddings of ``(t, n)`` words."""

    @abstractmethod
    def read(self, embedded: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        """Returns ``(t, n, words)`` logits of the next words, and the states after the last.

        Args:
            embedded: ``(t, n, size)``.
            states: what the call for the sequence before returned, detached.
        """

    def forward(self, words: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        """Maps ``(t, n)`` words and states to what `read` returns."""
        return self.read(self.embed(words), states)
