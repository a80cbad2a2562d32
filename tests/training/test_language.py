"""Language models of recurrent cells, on texts whose next word can be known."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nascast.core.errors import InvalidSettingError
from nascast.networks.recurrent import CellRecipe, Dropouts, LanguageModel
from nascast.training.language import LanguageTraining, _pieces, evaluate_language
from nascast.training.loop import Curves, DivergedError
from nascast.training.recipe import Recipe
from nascast.training.text import TextData

CELL = CellRecipe(("linear", "activation_tanh"), ((0, 1), (2,)), (3,))
WORDS = 2


def repeating(n: int) -> Tensor:
    """0 0 1 0 0 1 …: what comes after a 0 depends on the word before it."""
    return torch.tensor([0, 0, 1]).repeat(n // 3 + 1)[:n]


DATA = TextData(repeating(1200), repeating(300), repeating(200), ("w",) * WORDS, "fingerprint")
RECIPE = Recipe(6, 4, 0.02, optimizer="adam", schedule="constant", weight_decay=0, grad_clip=0.25)


def model(dropouts: Dropouts | None = None) -> LanguageModel:
    torch.manual_seed(0)
    none = Dropouts(0.0, 0.0, 0.0, 0.0, 0.0) if dropouts is None else dropouts
    return LanguageModel(CELL, WORDS, embedding=8, hidden=12, layers=2, dropouts=none)


def run(network: LanguageModel, recipe: Recipe = RECIPE, **settings: Any) -> Curves:
    generator = torch.Generator().manual_seed(1)
    training = LanguageTraining(
        network, DATA, recipe=recipe, generator=generator, clock=lambda: 0.0, **settings
    )
    training.length = 12
    *_, curves = training.epochs()
    return curves


def test_a_text_with_memory_is_learned() -> None:
    curves = run(model())
    # Without memory, two thirds of the words are one of two: ⅔ ln 2 nats, 67 % foretold.
    assert curves.val_loss[-1] < 0.1 < 2 / 3 * math.log(2)
    assert curves.val_accuracy[-1] > 95
    assert curves.train_loss[0] > curves.train_loss[-1]
    assert len(curves.seconds) == 6


def test_the_same_seed_gives_the_same_curves() -> None:
    def go() -> Curves:
        network = model(Dropouts())
        torch.manual_seed(3)
        return run(network, Recipe(2, 4, 0.01, optimizer="adam"))

    assert go() == go()


def test_evaluation_is_the_mean_over_all_words() -> None:
    """Against the text in ten columns at once, without pieces."""
    network = model()
    for tokens in (DATA.validation, repeating(1700)):
        rows = len(tokens) // 10
        text = tokens[: 10 * rows].view(10, rows).t()
        with torch.no_grad():
            logits, _ = network.eval()(text[:-1])
        expected = functional.cross_entropy(logits.flatten(0, 1), text[1:].flatten()).item()
        right = (logits.argmax(2) == text[1:]).float().mean().item()
        loss, accuracy = evaluate_language(network, tokens)
        assert loss == pytest.approx(expected, rel=1e-4)
        assert accuracy == pytest.approx(100 * right)


def test_short_texts_have_fewer_columns() -> None:
    assert math.isfinite(evaluate_language(model(), repeating(5))[0])
    with pytest.raises(InvalidSettingError, match="1 words are too few"):
        evaluate_language(model(), repeating(1))


def test_pieces_cover_the_text_and_vary() -> None:
    pieces = list(_pieces(100_000, 70, torch.Generator().manual_seed(0)))
    assert [start for start, _ in pieces] == [
        0,
        *torch.tensor(pieces)[:, 1].cumsum(0).tolist()[:-1],
    ]
    assert sum(words for _, words in pieces) == 100_000
    lengths = torch.tensor([words for _, words in pieces[:-1]])
    short = lengths < 52.5
    assert short.float().mean() == pytest.approx(0.05, abs=0.02)
    assert lengths[~short].float().mean() == pytest.approx(69.5, abs=1)
    assert lengths[~short].float().std() == pytest.approx(5, abs=0.7)
    assert min(words for _, words in _pieces(50, 6, torch.Generator().manual_seed(0))) >= 1


def test_a_training_that_diverges() -> None:
    with pytest.raises(DivergedError, match=r"loss is (nan|inf) in epoch 1"):
        run(model(), Recipe(1, 4, 1e38, momentum=0.0, grad_clip=None))


def test_more_columns_than_words() -> None:
    with pytest.raises(InvalidSettingError, match="700 columns of text asked for"):
        run(model(), Recipe(1, 700))
