"""Training recurrent cells as language models.

As in AWD-LSTM (Merity et al., ICLR 2018, https://arxiv.org/abs/1708.02182), whose training
NAS-Bench-NLP (https://arxiv.org/abs/2006.07116) takes over: the text in columns that are read side
by side, states carried from one piece to the next, pieces of varying length with a learning rate in
proportion.

Deviations: no regularisation of activations and of their differences (α = 2 and β = 1 in the
records); checkpoints and limits are those of the caller.
"""

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.networks.recurrent import LanguageModel, States
from nascast.training._optimizer import optimizer_of
from nascast.training.loop import Curves, DivergedError
from nascast.training.recipe import Recipe
from nascast.training.text import TextData, columns

__all__ = ["evaluate_language", "train_language"]

_LENGTH = 70  # words of a piece
_EVALUATION_COLUMNS = 10  # as the authors of AWD-LSTM evaluate


def train_language(
    model: LanguageModel,
    data: TextData,
    recipe: Recipe,
    generator: torch.Generator,
    clock: Callable[[], float] = time.perf_counter,
    *,
    length: int = _LENGTH,
) -> Curves:
    """Trains a language model in place; losses are in nats a word, accuracies in percent of words.

    Of the recipe, ``batch_size`` is the number of columns; what is about images does not matter.

    Args:
        model: on the device of `data`.
        data: text.
        recipe: how, such as ``nasbench-nlp``.
        generator: on the CPU; for the lengths of pieces. Dropout uses the global generator.
        clock: seconds.
        length: words of a usual piece.

    Raises:
        DivergedError: the loss is not finite.
        InvalidSettingError: the text is too short for so many columns.
    """
    text = columns(data.train, recipe.batch_size)
    optimizer = optimizer_of(model, recipe)
    curves = Curves()
    for epoch in range(recipe.epochs):
        began = clock()
        model.train()
        states: list[States] | None = None
        total = torch.zeros((), device=text.device)
        for start, words in _pieces(len(text) - 1, length, generator):
            rate = recipe.rate(epoch + start / (len(text) - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate * words / length
            optimizer.zero_grad(set_to_none=True)
            logits, states = model(text[start : start + words], _cut(states))
            target = text[start + 1 : start + 1 + words]
            loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten())
            loss.backward()  # type: ignore[no-untyped-call]
            if recipe.grad_clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), recipe.grad_clip)
            optimizer.step()
            total += words * loss.detach()
        train_loss = total.item() / (len(text) - 1)
        if not math.isfinite(train_loss):
            raise DivergedError(f"the training loss is {train_loss} in epoch {epoch + 1}")
        val_loss, val_accuracy = evaluate_language(model, data.validation)
        curves.train_loss.append(train_loss)
        curves.val_loss.append(val_loss)
        curves.val_accuracy.append(val_accuracy)
        curves.seconds.append(clock() - began)
    return curves


@torch.no_grad()
def evaluate_language(model: LanguageModel, tokens: Tensor) -> tuple[float, float]:
    """Returns nats a word, whose exponential is the perplexity, and percent of words foretold.

    A text shorter than two words a column is read in fewer columns.
    """
    model.eval()
    text = columns(tokens, max(min(_EVALUATION_COLUMNS, len(tokens) // 2), 1))
    loss, right = torch.zeros((), device=text.device), torch.zeros((), device=text.device)
    states: list[States] | None = None
    for start in range(0, len(text) - 1, _LENGTH):
        target = text[start + 1 : start + 1 + _LENGTH]
        logits, states = model(text[start : start + len(target)], states)
        loss += functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum")
        right += (logits.argmax(2) == target).sum()
    count = (len(text) - 1) * text.shape[1]
    return loss.item() / count, 100 * right.item() / count


def _pieces(rows: int, length: int, generator: torch.Generator) -> Iterator[tuple[int, int]]:
    """Yields start and words of pieces that cover the rows.

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


def _cut(states: list[States] | None) -> list[States] | None:
    """Returns states that gradients do not flow through."""
    if states is None:
        return None
    return [tuple(state.detach() for state in layer) for layer in states]
