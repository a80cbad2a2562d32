from nascast.strategies.hyperband import Hyperband
from nascast.testing.doubles import TinySpace


def test_the_brackets_are_those_of_table_1_of_the_paper() -> None:
    strategy = Hyperband(TinySpace(), max_epochs=81)
    assert [strategy.plan(k) for k in range(6)] == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    ]


def test_with_one_level_it_is_random_search() -> None:
    strategy = Hyperband(TinySpace(), min_epochs=5, max_epochs=9)
    assert strategy.plan(0) == strategy.plan(1) == [(1, 9)]
