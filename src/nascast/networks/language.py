"""The base class of networks for text."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

__all__ = ["LanguageNetwork"]


class LanguageNetwork(nn.Module, ABC):
    """A network that predicts the next word of n texts, which it reads side by side.

    It has two parts, embedding and reading, so that gradients can be taken by the embedded words;
    words themselves are numbers, and have none. States are tensors, in tuples or lists; None stands
    for those at the beginning of a text.
    """

    @abstractmethod
    def embed(self, words: Tensor) -> Tensor:
        """Returns ``(t, n, size)``: the embeddings of ``(t, n)`` words."""

    @abstractmethod
    def read(self, embedded: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        """Returns ``(t, n, words)`` logits of the next words, and the states after the last.

        Args:
            embedded: ``(t, n, size)`` embedded words.
            states: states that the call for the sequence before returned, detached.
        """

    def forward(self, words: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        """Maps ``(t, n)`` words and states to logits and states, as `read` does."""
        return self.read(self.embed(words), states)
