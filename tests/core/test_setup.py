"""What makes two runs the same run."""

import json
from typing import Any

import pytest

from nascast.core.errors import StoreError
from nascast.core.evaluator import settings_of
from nascast.core.restricted import Restricted
from nascast.core.setup import Setup, spec_of
from nascast.core.spec import Spec
from nascast.core.types import Candidate, Evaluation, ImageTask, Objective
from nascast.strategies.random import RandomSearch
from nascast.strategies.regularized_evolution import RegularizedEvolution
from nascast.testing.doubles import ConstantEvaluator, TinyBenchmark, TinySpace

SMALL = Objective("parameters", minimize=True)


def test_a_setup_is_read_off_the_components() -> None:
    space = Restricted(TinySpace(), lambda genes: genes[:, -1] == 0, "the lesser width")
    strategy = RegularizedEvolution(space, (SMALL,), seed=4, population=7)
    found = Setup.of(strategy, TinyBenchmark(), seed=4)
    assert found == Setup(
        space="tiny",
        objectives=(SMALL,),
        evaluator={"benchmark": "tiny"},
        limits="the lesser width",
        strategy=Spec("regularized_evolution", {"population": 7}),
        seed=4,
    )
    assert Setup.from_json(json.loads(json.dumps(found.json()))) == found
    assert Setup.of(RandomSearch(TinySpace()), TinyBenchmark(), 0).limits == ""


def test_a_seed_of_the_strategy_that_is_not_the_runs_own_is_kept() -> None:
    strategy = RegularizedEvolution(TinySpace(), (SMALL,), seed=4)
    own, other = (Setup.of(strategy, TinyBenchmark(), seed=seed) for seed in (4, 5))
    assert own.strategy == Spec("regularized_evolution")
    assert other.strategy == Spec("regularized_evolution", {"seed": 4})


def test_a_search_of_several_runs_has_neither_strategy_nor_seed() -> None:
    setup = Setup("tiny", (SMALL,), {"benchmark": "tiny"})
    assert setup.json().keys() == {"space", "objectives", "evaluator"}
    assert Setup.from_json(setup.json()) == setup


class _Own(RandomSearch):
    def __init__(self, space: TinySpace, share: float = 0.5, parts: tuple[Any, ...] = ()) -> None:
        super().__init__(space)
        self.share, self.parts = share, parts


def test_a_strategy_that_is_not_registered_has_the_name_of_its_class() -> None:
    found = spec_of(_Own(TinySpace(), 0.25, (1, TinyBenchmark())))
    assert found == Spec("_Own", {"share": 0.25, "parts": (1, "tiny")})


class _Described:
    metrics = ("val_accuracy",)
    task = ImageTask()

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        return {"recipe": "short"}


def test_an_evaluator_says_what_decides_its_answers() -> None:
    assert settings_of(_Described()) == {"recipe": "short"}
    assert settings_of(ConstantEvaluator()) == {"evaluator": "ConstantEvaluator"}


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": "RandomSearch"},
        {"objectives": ["val_accuracy"]},
        {"objectives": []},
        {"evaluator": "tiny"},
        {"space": 3},
    ],
)
def test_another_form_is_refused(change: dict[str, Any]) -> None:
    good = Setup("tiny", (SMALL,), {}, "", Spec("random"), 0).json()
    with pytest.raises(StoreError, match="expected"):
        Setup.from_json({**good, **change})
    with pytest.raises(StoreError, match="expected strategy, space"):
        Setup.from_json({})
