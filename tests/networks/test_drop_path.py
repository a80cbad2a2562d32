import copy

import pytest

torch = pytest.importorskip("torch")

from nascast.networks.drop_path import DropPath, set_drop_path_progress  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(("progress", "dropped"), [(1.0, 0.4), (0.5, 0.2), (2.0, 0.4)])
def test_samples_are_dropped_whole_and_the_mean_is_kept(progress: float, dropped: float) -> None:
    drop = DropPath(0.4)
    set_drop_path_progress(drop, progress)
    out = drop(torch.ones(20_000, 3, 2, 2)).flatten(1)
    assert (out == out[:, :1]).all()
    assert torch.allclose(out[:, 0].unique(), torch.tensor([0.0, 1 / (1 - dropped)]))
    assert abs((out[:, 0] == 0).float().mean().item() - dropped) < 0.02  # 4 standard deviations
    assert abs(out.mean().item() - 1) < 0.02


def test_nothing_is_dropped_at_the_start_in_evaluation_or_at_probability_zero() -> None:
    x = torch.randn(50, 1, 1, 1)
    assert DropPath(0.9)(x) is x
    done, never = DropPath(0.9), DropPath(0.0)
    set_drop_path_progress(torch.nn.Sequential(done, never), 1.0)
    assert done.eval()(x) is x
    assert never(x) is x


def test_progress_reaches_every_module_and_is_limited() -> None:
    network = torch.nn.Sequential(
        DropPath(0.1), torch.nn.Sequential(DropPath(0.2)), torch.nn.ReLU()
    )
    set_drop_path_progress(network, -1.0)
    assert network[0].progress == network[1][0].progress == 0
    set_drop_path_progress(network, 1.5)
    assert network[0].progress == network[1][0].progress == 1
    assert copy.deepcopy(network)[0].progress == 1


def test_gradients_flow_through_kept_samples_only() -> None:
    drop = DropPath(0.5)
    set_drop_path_progress(drop, 1.0)
    x = torch.ones(64, 2, 1, 1, requires_grad=True)
    out = drop(x)
    out.sum().backward()
    assert torch.equal(x.grad != 0, out != 0)


def test_the_precision_is_kept() -> None:
    drop = DropPath(0.5)
    set_drop_path_progress(drop, 1.0)
    assert drop(torch.ones(8, 1, 1, 1, dtype=torch.float64)).dtype == torch.float64
