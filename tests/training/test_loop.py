"""The training loop on networks small enough to be followed step by step."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import NascastError
from nascast.training.data import ImageData
from nascast.training.loop import Curves, DivergedError, evaluate, train
from nascast.training.recipe import Recipe

CLASSES = 3


def separable(n: int = 48) -> tuple[Tensor, Tensor]:
    """Images whose class is the channel that is bright, with a little noise."""
    generator = torch.Generator().manual_seed(n)
    labels = torch.arange(n) % CLASSES
    noise = 0.2 * torch.randn(n, CLASSES, 4, 4, generator=generator)
    return noise + 2 * functional.one_hot(labels, CLASSES)[:, :, None, None], labels


DATA = ImageData(separable(48), separable(21), separable(12), CLASSES, "fingerprint")
RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=0.05)


class Recorder(nn.Module):
    """A linear network that notes what it is shown, in training and otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(CLASSES * 16, CLASSES)
        self.trained_on: list[Tensor] = []
        self.evaluated_on: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        (self.trained_on if self.training else self.evaluated_on).append(x.clone())
        logits: Tensor = self.linear(x.flatten(1))
        return logits


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(CLASSES, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, CLASSES),
    )


def run(
    net: nn.Module, recipe: Recipe = RECIPE, data: ImageData = DATA, seed: int = 0, **settings: Any
) -> Curves:
    return train(net, data, recipe, torch.Generator().manual_seed(seed), **settings)


def images(batches: list[Tensor]) -> list[bytes]:
    return [image.numpy().tobytes() for batch in batches for image in batch]


def test_the_loss_falls_and_a_separable_set_is_learned() -> None:
    curves = run(network(), Recipe(epochs=12, batch_size=8, learning_rate=0.2))
    assert curves.train_loss[-1] < 0.6 * curves.train_loss[0]
    assert curves.val_loss[-1] < curves.val_loss[0]
    assert curves.val_accuracy[-1] == 100
    assert {len(values) for values in (curves.train_loss, curves.val_loss, curves.seconds)} == {12}


def test_the_same_seed_gives_the_same_curves() -> None:
    one, again = run(network(), clock=lambda: 0.0), run(network(), clock=lambda: 0.0)
    assert one == again
    assert run(network(), seed=1).train_loss != one.train_loss
    assert run(network(1)).train_loss != one.train_loss


def test_the_global_generator_is_not_used() -> None:
    net = network()
    before = torch.get_rng_state()
    run(net)
    assert torch.equal(before, torch.get_rng_state())


def test_a_smaller_last_batch_is_left_out_and_images_are_shown_once() -> None:
    recorder = Recorder()
    run(recorder, Recipe(epochs=2, batch_size=20, flip=False))
    assert [len(batch) for batch in recorder.trained_on] == [20, 20] * 2
    shown = images(recorder.trained_on)
    known = set(images([DATA.train[0]]))
    for epoch in (shown[:40], shown[40:]):
        assert len(set(epoch)) == 40
        assert set(epoch) <= known
    assert shown[:40] != shown[40:]


def test_labels_stay_with_their_images(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    cross_entropy = functional.cross_entropy

    def spy(logits: Tensor, target: Tensor, **settings: Any) -> Tensor:
        seen.append(target)
        return cross_entropy(logits, target, **settings)

    monkeypatch.setattr(functional, "cross_entropy", spy)
    recorder = Recorder()
    run(recorder, Recipe(epochs=1, batch_size=8))
    for batch, target in zip(recorder.trained_on, seen, strict=False):
        bright = batch.mean((2, 3)).argmax(1)
        assert torch.equal(bright, target)


def test_about_half_of_the_training_images_are_mirrored() -> None:
    recorder = Recorder()
    run(recorder, Recipe(epochs=20, batch_size=8, flip=True))
    originals = set(images([DATA.train[0]]))
    mirrored = set(images([DATA.train[0].flip(3)]))
    shown = images(recorder.trained_on)
    assert len(shown) == 20 * 48
    assert all((image in originals) != (image in mirrored) for image in shown)
    assert sum(image in mirrored for image in shown) / len(shown) == pytest.approx(0.5, abs=0.07)
    by_epoch = [sum(i in mirrored for i in shown[k : k + 8]) for k in range(0, len(shown), 8)]
    assert len(set(by_epoch)) > 3  # images of one batch are mirrored one by one


def test_validation_images_are_shown_as_they_are_and_after_each_epoch() -> None:
    recorder = Recorder()
    run(recorder, Recipe(epochs=2, batch_size=8, flip=True))
    assert len(recorder.evaluated_on) == 2
    for batch in recorder.evaluated_on:
        assert torch.equal(batch, DATA.validation[0])


def test_without_flips_every_image_is_as_it_was() -> None:
    recorder = Recorder()
    run(recorder, Recipe(epochs=2, batch_size=8, flip=False))
    assert set(images(recorder.trained_on)) == set(images([DATA.train[0]]))


class Noted(torch.optim.SGD):
    """Plain SGD that notes its learning rates and its settings."""

    rates: list[float]
    settings: dict[str, Any]

    def __init__(self, parameters: Any, **settings: Any) -> None:
        super().__init__(parameters, **settings)
        type(self).rates, type(self).settings = [], settings

    def step(self, closure: Any = None) -> Any:
        self.rates.append(self.param_groups[0]["lr"])
        return super().step(closure)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_rate_falls_along_a_cosine(monkeypatch: pytest.MonkeyPatch, momentum: float) -> None:
    monkeypatch.setattr(torch.optim, "SGD", Noted)
    recipe = Recipe(4, 16, 0.3, momentum, weight_decay=0.01)
    run(network(), recipe)
    steps = 4 * (48 // 16)
    expected = [0.15 * (1 + math.cos(math.pi * k / steps)) for k in range(steps)]
    assert Noted.rates == pytest.approx(expected)
    assert Noted.settings["momentum"] == momentum
    assert Noted.settings["nesterov"] == (momentum > 0)
    assert Noted.settings["weight_decay"] == 0.01


def test_one_step_by_hand() -> None:
    """Full batch, no momentum: the weights move against the gradient and the decay."""
    recorder = Recorder()
    weight = recorder.linear.weight.detach().clone()
    x, y = DATA.train
    loss = functional.cross_entropy(recorder.linear(x.flatten(1)), y)
    (gradient,) = torch.autograd.grad(loss, recorder.linear.weight)
    recipe = Recipe(1, 48, 0.1, momentum=0.0, weight_decay=0.02, flip=False)
    curves = run(recorder, recipe)
    expected = weight - 0.1 * (gradient + 0.02 * weight)
    assert torch.allclose(recorder.linear.weight, expected, atol=1e-6)
    assert curves.train_loss == pytest.approx([loss.item()])


def test_gradients_are_clipped_by_their_norm() -> None:
    moved = []
    for clip in (None, 0.01):
        recorder = Recorder()
        before = torch.cat([p.detach().flatten().clone() for p in recorder.parameters()])
        run(recorder, Recipe(1, 48, 0.1, 0.0, 0.0, grad_clip=clip))
        after = torch.cat([p.detach().flatten() for p in recorder.parameters()])
        moved.append(float((after - before).norm()))
    assert moved[0] > 0.1 * 0.01 * 2
    assert moved[1] == pytest.approx(0.1 * 0.01, rel=1e-3)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    with pytest.raises(DivergedError, match=r"loss is (nan|inf) in epoch \d"):
        run(Recorder(), Recipe(3, 8, 1e38, momentum=0.0))
    assert issubclass(DivergedError, NascastError)


def test_a_batch_larger_than_the_training_part_is_refused() -> None:
    with pytest.raises(NascastError, match="49"):
        run(Recorder(), Recipe(1, 49))


def test_seconds_are_those_of_the_clock() -> None:
    ticks = iter([5.0, 7.5, 8.0, 12.0])
    curves = run(network(), Recipe(2, 8), clock=lambda: next(ticks))
    assert curves.seconds == [2.5, 4.0]


@pytest.mark.parametrize("batch_size", [1, 4, 12, 500])
def test_evaluation_is_the_mean_over_all_images(batch_size: int) -> None:
    net = network()
    run(net)
    x, y = DATA.test
    loss, accuracy = evaluate(net, x, y, batch_size)
    with torch.no_grad():
        logits = net.eval()(x)
    assert loss == pytest.approx(functional.cross_entropy(logits, y).item(), rel=1e-5)
    assert accuracy == pytest.approx(100 * (logits.argmax(1) == y).float().mean().item())


def test_evaluation_does_not_change_the_network() -> None:
    net = network().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    first = evaluate(net, *DATA.test)
    assert evaluate(net, *DATA.test) == first
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not net.training
