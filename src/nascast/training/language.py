"""Training recurrent cells as language models.

As in AWD-LSTM (Merity et al., ICLR 2018, https://arxiv.org/abs/1708.02182), whose training
NAS-Bench-NLP (https://arxiv.org/abs/2006.07116) takes over: the text in columns that are read side
by side, states carried from one piece to the next, pieces of varying length with a learning rate in
proportion.

Deviations: no regularisation of activations and of their differences (α = 2 and β = 1 in the
records).
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import InvalidSettingError
from nascast.training.loop import Training
from nascast.training.text import TextData, columns

__all__ = ["LanguageTraining", "evaluate_language"]

_LENGTH = 70  # words of a piece
_EVALUATION_COLUMNS = 10  # as the authors of AWD-LSTM evaluate


class LanguageTraining(Training[TextData]):
    """The training of a language model; losses are in nats a word, accuracies in percent of words.

    The network is one for a `TextTask`, see `nascast.networks.language`. Of the recipe,
    ``batch_size`` is the number of columns; settings for images are ignored. The text needs two
    words a column.

    Attributes:
        length: number of words of a usual piece.
    """

    length = _LENGTH

    def _check(self) -> None:
        if self._recipe.auxiliary_weight or self._recipe.drop_path:
            raise InvalidSettingError(
                "a language model has neither an auxiliary head nor drop path; "
                "set auxiliary_weight=0,drop_path=0 in the recipe"
            )
        columns(self._data.train, self._recipe.batch_size)

    def _epoch(self, epoch: int) -> float:
        text = columns(self._data.train, self._recipe.batch_size)
        states: Any = None
        total = torch.zeros((), device=text.device)
        for start, words in _pieces(len(text) - 1, self.length, self._generator):
            self._guard()
            logits, states = self.network(text[start : start + words], _cut(states))
            target = text[start + 1 : start + 1 + words]
            loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten())
            rate = self._recipe.rate(epoch + start / (len(text) - 1))
            self._step(loss, rate * words / self.length)
            total += words * loss.detach()
            if not total.isfinite():  # many random cells' states explode; the rest would take long
                break
        return total.item() / (len(text) - 1)

    def _validate(self) -> tuple[float, float]:
        return evaluate_language(self.scored, self._data.validation)


@torch.no_grad()
def evaluate_language(model: nn.Module, tokens: Tensor) -> tuple[float, float]:
    """Returns the loss in nats a word, whose exponential is the perplexity, and the accuracy.

    The accuracy is the percentage of words predicted.

    A text shorter than two words a column is read in fewer columns.
    """
    model.eval()
    text = columns(tokens, max(min(_EVALUATION_COLUMNS, len(tokens) // 2), 1))
    loss, right = torch.zeros((), device=text.device), torch.zeros((), device=text.device)
    states: Any = None
    for start in range(0, len(text) - 1, _LENGTH):
        target = text[start + 1 : start + 1 + _LENGTH]
        logits, states = model(text[start : start + len(target)], states)
        loss += functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum")
        right += (logits.argmax(2) == target).sum()
    count = (len(text) - 1) * text.shape[1]
    return loss.item() / count, 100 * right.item() / count


def _pieces(rows: int, length: int, generator: torch.Generator) -> Iterator[tuple[int, int]]:
    """Yields start and number of words of pieces that cover the rows.

    Their length is normal around `length`, or around half of it once in twenty, with a deviation
    of 5 and at least 5 (AWD-LSTM, section 4.1).
    """
    start = 0
    while start < rows:
        usual = length if torch.rand((), generator=generator) < 0.95 else length / 2
        drawn = usual + 5 * float(torch.randn((), generator=generator))
        words = min(max(5, int(drawn)), rows - start)
        yield start, words
        start += words


def _cut(states: Any) -> Any:
    """Returns the states, tensors in tuples and lists, detached from their gradients."""
    if isinstance(states, Tensor):
        return states.detach()
    return None if states is None else tuple(_cut(state) for state in states)
