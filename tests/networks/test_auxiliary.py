import pytest

torch = pytest.importorskip("torch")

from nascast.networks.auxiliary import AuxiliaryHead, halved  # noqa: E402


@pytest.mark.parametrize(
    ("side", "times", "expected"), [(32, 2, 8), (33, 2, 9), (1, 5, 1), (7, 0, 7)]
)
def test_halved_sides(side: int, times: int, expected: int) -> None:
    assert halved(side, times) == expected
    for _ in range(times):
        side = -(-side // 2)
    assert side == expected


@pytest.mark.parametrize("size", [(1, 1), (4, 9), (8, 8), (14, 5)])
@pytest.mark.parametrize("stride", [2, 3])
def test_any_map_gives_one_row_of_logits(size: tuple[int, int], stride: int) -> None:
    head = AuxiliaryHead(6, 4, size=size, stride=stride)
    assert head(torch.randn(2, 6, *size)).shape == (2, 4)


def test_parameters_at_the_published_size() -> None:
    head = AuxiliaryHead(576, 10, size=(8, 8))
    assert sum(p.numel() for p in head.parameters()) == 3_825_768 - 3_349_342
    bare = AuxiliaryHead(768, 1000, size=(7, 7), stride=2, norm=False)
    assert sum(p.numel() for p in bare.parameters()) == 5_979_528 - 4_718_752
