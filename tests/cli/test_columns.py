"""Tables as narrow terminals show them."""

import pytest
from rich.console import Console

from nascast.cli._columns import fitted

COLUMNS = {
    "strategy": ["random", "regularized_evolution(population=50,tournament=10)"],
    "seeds": ["2", "2"],
    "trials": ["1,200", "1,200"],
    "best": ["44.91 ± 2.07", "45.69 ± 0.97"],
    "thinking\n(s)": ["0.01", "0.03"],
}


def printed(width: int) -> list[str]:
    console = Console(width=width)
    with console.capture() as taken:
        console.print(fitted(COLUMNS, ["seeds", "trials"], width))
    return taken.get().splitlines()


@pytest.mark.parametrize("width", [45, 55, 80, 120])
def test_names_and_numbers_stay_whole(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    for whole in ("random ", "regularized_evolution", "44.91 ± 2.07", "0.03", "thinking"):
        assert any(whole in line for line in lines), whole
    assert "".join(line.split(" ")[0] for line in lines).endswith(COLUMNS["strategy"][1])


def test_spare_columns_go_where_there_is_no_room() -> None:
    assert "seeds" in "".join(printed(80))
    narrow = "".join(printed(54))
    assert "seeds" not in narrow
    assert "trials" in narrow
    assert "trials" not in "".join(printed(45))
