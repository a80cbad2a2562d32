"""The training loop on networks small enough to be followed step by step."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import InvalidSettingError, NascastError
from nascast.networks.auxiliary import AuxiliaryHead, AuxiliaryNetwork
from nascast.networks.drop_path import DropPath
from nascast.training.data import ImageData
from nascast.training.loop import Curves, DivergedError, ImageTraining, evaluate, train
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
    known = set(images([DATA.train[0][:]]))
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
    originals = set(images([DATA.train[0][:]]))
    mirrored = set(images([DATA.train[0][:].flip(3)]))
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
        assert torch.equal(batch, DATA.validation[0][:])


def test_without_flips_every_image_is_as_it_was() -> None:
    recorder = Recorder()
    run(recorder, Recipe(epochs=2, batch_size=8, flip=False))
    assert set(images(recorder.trained_on)) == set(images([DATA.train[0][:]]))


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
    x, y = DATA.train[0][:], DATA.train[1]
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


def old_train(
    net: nn.Module, data: ImageData, recipe: Recipe, generator: torch.Generator
) -> Curves:
    """The loop as it was when the embedded benchmark was made, kept to compare with."""
    images, labels = data.train
    steps = len(images) // recipe.batch_size
    optimizer = torch.optim.SGD(
        net.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
        foreach=True,
    )
    curves = Curves()
    for epoch in range(recipe.epochs):
        net.train()
        order = torch.randperm(len(images), generator=generator)
        total = torch.zeros(())
        for step in range(steps):
            progress = (epoch + step / steps) / recipe.epochs
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
            chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            batch = images[chosen]
            if recipe.flip:
                mirrored = torch.rand(len(batch), generator=generator) < 0.5
                batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(net(batch), labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            if recipe.grad_clip is not None:
                nn.utils.clip_grad_norm_(net.parameters(), recipe.grad_clip)
            optimizer.step()
            total += loss.detach()
        val_loss, val_accuracy = evaluate(net, *data.validation)
        curves.train_loss.append(total.item() / steps)
        curves.val_loss.append(val_loss)
        curves.val_accuracy.append(val_accuracy)
        curves.seconds.append(0.0)
    return curves


@pytest.mark.parametrize(
    "settings",
    [{}, {"flip": False, "momentum": 0.0}, {"grad_clip": 0.05, "weight_decay": 0.0}],
    ids=["defaults", "plain", "clipped"],
)
def test_old_settings_train_as_they_did(settings: dict[str, Any]) -> None:
    """Bit for bit: the records of built benchmarks stay reproducible."""
    recipe = Recipe(epochs=3, batch_size=8, learning_rate=0.05, **settings)
    nets = network(), network()
    expected = old_train(nets[0], DATA, recipe, torch.Generator().manual_seed(0))
    assert run(nets[1], recipe, clock=lambda: 0.0) == expected
    for one, other in zip(
        nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def weights(net: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def gradients(net: Recorder, smoothing: float = 0.0) -> list[Tensor]:
    x, y = DATA.train[0][:], DATA.train[1]
    loss = functional.cross_entropy(net.linear(x.flatten(1)), y, label_smoothing=smoothing)
    return list(torch.autograd.grad(loss, list(net.parameters())))


def full_batch(**settings: Any) -> Recipe:
    plain = {"epochs": 1, "batch_size": 48, "learning_rate": 0.1, "momentum": 0.0, "flip": False}
    return Recipe(**{**plain, "weight_decay": 0.0, **settings})


def test_one_step_of_adam_by_hand() -> None:
    net = Recorder()
    before = [p.detach().clone() for p in net.parameters()]
    expected = [
        p - 0.1 * g / (g.abs() + 1e-8) for p, g in zip(before, gradients(net), strict=True)
    ]  # at the first step both moments are unbiased: g / √g²
    run(net, full_batch(optimizer="adam", momentum=0.9))
    for own, value in zip(net.parameters(), expected, strict=True):
        assert torch.allclose(own, value, atol=1e-5)


def test_one_step_of_rmsprop_by_hand() -> None:
    net = Recorder()
    before = [p.detach().clone() for p in net.parameters()]
    expected = [
        p - 0.1 * g / ((0.1 * g**2).sqrt() + 1.0)
        for p, g in zip(before, gradients(net), strict=True)
    ]
    run(net, full_batch(optimizer="rmsprop", square_decay=0.9, epsilon=1.0))
    for own, value in zip(net.parameters(), expected, strict=True):
        assert torch.allclose(own, value, atol=1e-6)


def test_weight_decay_may_leave_biases_and_norms_alone() -> None:
    recipe = full_batch(weight_decay=0.5, decay_norms=False)
    net = Recorder()
    (weight, bias), grads = [p.detach().clone() for p in net.parameters()], gradients(net)
    run(net, recipe)
    assert torch.allclose(net.linear.weight, weight - 0.1 * (grads[0] + 0.5 * weight), atol=1e-6)
    assert torch.allclose(net.linear.bias, bias - 0.1 * grads[1], atol=1e-6)


def test_label_smoothing_is_in_the_loss_of_training_alone() -> None:
    net = Recorder()
    x, y = DATA.train[0][:], DATA.train[1]
    smooth = functional.cross_entropy(net.linear(x.flatten(1)), y, label_smoothing=0.3).item()
    expected = weights(net) - 0.1 * torch.cat([g.flatten() for g in gradients(net, 0.3)])
    curves = run(net, full_batch(label_smoothing=0.3))
    assert torch.allclose(weights(net), expected, atol=1e-6)
    assert curves.val_loss == [evaluate(net, *DATA.validation)[0]]
    assert curves.train_loss == pytest.approx([smooth])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"schedule": "constant"}, [0.3] * 6),
        ({"schedule": "step", "step_factor": 0.1, "step_epochs": 1.0}, [0.3] * 3 + [0.03] * 3),
        ({"final_rate": 0.3}, [0.3] * 6),
    ],
)
def test_other_schedules(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], expected: list[float]
) -> None:
    monkeypatch.setattr(torch.optim, "SGD", Noted)
    run(network(), Recipe(2, 16, 0.3, **settings))
    assert Noted.rates == pytest.approx(expected)


class Headed(AuxiliaryNetwork):
    """A linear classifier with an auxiliary head on its input, and drop path before."""

    def __init__(self, head: bool = True, drop: float = 0.5) -> None:
        super().__init__()
        self.drop = DropPath(drop)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(CLASSES * 16, CLASSES))
        self.auxiliary = AuxiliaryHead(CLASSES, CLASSES, size=(4, 4)) if head else None
        self.progress: list[float] = []

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training:
            self.progress.append(self.drop.progress)
        x = self.drop(x)
        return x, x


def test_the_auxiliary_head_is_trained_with_its_weight() -> None:
    torch.manual_seed(0)
    net = Headed(drop=0.0)
    twin = copy.deepcopy(net).train()
    x, y = DATA.train[0][:], DATA.train[1]
    logits, midway = twin.forward_auxiliary(x)
    assert midway is not None
    main, side = functional.cross_entropy(logits, y), functional.cross_entropy(midway, y)
    grads = torch.autograd.grad(main + 0.4 * side, list(twin.parameters()))
    expected = weights(net) - 0.1 * torch.cat([g.flatten() for g in grads])
    curves = run(net, full_batch(auxiliary_weight=0.4))
    assert torch.allclose(weights(net), expected, atol=1e-5)
    assert curves.train_loss == pytest.approx([main.item()])


def test_drop_path_grows_with_every_step() -> None:
    net = Headed(head=False)
    run(net, Recipe(2, 16, 0.1, drop_path=0.5))
    assert net.progress == pytest.approx([k / 6 for k in range(6)])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"auxiliary_weight": 0.4}, "weighs an auxiliary head, which the network does not have"),
        ({"drop_path": 0.3}, "has drop path, which the network does not have"),
    ],
)
def test_networks_without_what_a_recipe_needs(settings: dict[str, Any], message: str) -> None:
    for net in (network(), Headed(head=False, drop=0.0)):
        with pytest.raises(InvalidSettingError, match=message):
            run(net, Recipe(1, 8, **settings))


def test_the_mean_of_weights_is_scored() -> None:
    """Against the recursion written out, with TensorFlow's decay for the first updates."""
    recipe = Recipe(2, 16, 0.1, ema=0.4)
    net = network()
    seen = []
    training = ImageTraining(
        net,
        DATA,
        recipe=recipe,
        generator=torch.Generator().manual_seed(0),
        guard=lambda: seen.append(copy.deepcopy(net.state_dict())),
    )
    curves = [list(c.val_loss) for c in training.epochs()][-1]
    seen.append(copy.deepcopy(net.state_dict()))
    mean = {name: value.clone() for name, value in seen[0].items()}
    for k, state in enumerate(seen[1:], start=1):
        decay = min(0.4, (1 + k) / (10 + k))
        for name, value in state.items():
            mean[name] = decay * mean[name] + (1 - decay) * value if "num" not in name else value
    for name, value in training.scored.state_dict().items():
        assert torch.allclose(value, mean[name], atol=1e-6)
    assert curves[-1] == evaluate(training.scored, *DATA.validation)[0]
    assert curves[-1] != evaluate(net, *DATA.validation)[0]


def test_the_mean_of_weights_is_what_the_network_has_at_the_end() -> None:
    net = network()
    curves = run(net, Recipe(2, 16, 0.1, ema=0.5))
    assert evaluate(net, *DATA.validation)[0] == curves.val_loss[-1]


def test_fewer_epochs_are_the_first_ones_of_the_schedule() -> None:
    whole = run(network(), clock=lambda: 0.0)
    training = ImageTraining(
        network(),
        DATA,
        recipe=RECIPE,
        generator=torch.Generator().manual_seed(0),
        clock=lambda: 0.0,
    )
    assert [len(curves.val_loss) for curves in training.epochs(2)] == [1, 2]
    assert training.curves.val_loss == whole.val_loss[:2]
    assert [len(curves.val_loss) for curves in training.epochs()] == [3]
    assert training.curves == whole
    for epochs in (0, 4):
        with pytest.raises(InvalidSettingError, match=f"{epochs} epochs asked for of a recipe of"):
            next(training.epochs(epochs))


def test_the_curves_are_shown_after_each_epoch() -> None:
    seen: list[int] = []
    run(network(), watch=lambda curves: seen.append(len(curves.val_accuracy)))
    assert seen == [1, 2, 3]


def test_a_guard_ends_a_training() -> None:
    calls = []

    def guard() -> None:
        calls.append(0)
        if len(calls) == 8:
            raise TimeoutError

    training = ImageTraining(
        network(), DATA, recipe=RECIPE, generator=torch.Generator(), guard=guard
    )
    with pytest.raises(TimeoutError):
        list(training.epochs())
    assert len(training.curves.val_loss) == 1  # six steps an epoch
