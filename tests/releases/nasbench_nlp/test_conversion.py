"""NAS-Bench-NLP from its training logs: what is read, what is left out, what is refused."""

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast import testing
from nascast.benchmarks.nasbench_nlp import NasBenchNlp
from nascast.core import plugins
from nascast.core.errors import CorruptDataError, MissingDataError, UnsupportedError
from nascast.core.types import TextTask
from nascast.releases.nasbench_nlp import release
from nascast.spaces.nasbench_nlp.space import NasBenchNlp as Space

SPACE = Space()
SIMPLE = {
    "f": {"op": "linear", "input": ["x", "h_prev_0"]},
    "h_new_0": {"op": "activation_tanh", "input": ["f"]},
}
# The same cell: other names, other order of inputs, and a node that nothing depends on.
TWIN = {
    "a": {"op": "linear", "input": ["h_prev_0", "x"]},
    "dead": {"op": "activation_sigm", "input": ["a"]},
    "h_new_0": {"op": "activation_tanh", "input": ["a"]},
}
OTHER = {**SIMPLE, "h_new_0": {"op": "activation_sigm", "input": ["f"]}}
TOO_LARGE = {
    **{f"n{i}": {"op": "linear", "input": ["x", "h_prev_0"]} for i in range(30)},
    "h_new_0": {"op": "activation_tanh", "input": ["n0"]},
}
ENDINGS = ("train_losses", "val_losses", "test_losses", "wall_times")


def log(number: int, recipe: dict[str, Any] = SIMPLE, **changes: Any) -> dict[str, Any]:
    """A training that began in the order of the numbers, with numbers of its own."""
    rng = np.random.default_rng(number)
    return {
        "data": "data/ptb",
        "recepie_id": 1_000_000 + number,
        "recepie": json.dumps(recipe),
        "experiment_id": 999_000_000 - number,
        "init_time": f"2020-04-{1 + number:02}_12-00-00",
        "num_params": 10_896_400,
        **{name: (1 + rng.random(50)).tolist() for name in ENDINGS},
        "status": "OK",
        **changes,
    }


def ended(epochs: int) -> dict[str, Any]:
    return {name: [5.0] * epochs for name in ENDINGS}


def write(path: Path, logs: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/readme.txt", "not a log")
        for fields in logs:
            name = f"logs/log_stats_model_{fields.get('recepie_id')}.json"
            archive.writestr(name, json.dumps(fields))
    return path


def convert(source: Path, folder: Path) -> NasBenchNlp:
    (path,) = release.converter(source, folder, lambda done, total: None)
    return NasBenchNlp(str(path))


def rows(*recipes: dict[str, Any]) -> np.ndarray:
    return SPACE.from_text([json.dumps(recipe) for recipe in recipes])


# --- Real logs ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> NasBenchNlp:
    return convert(shared_data / "nasbench_nlp_wikitext2", tmp_path_factory.mktemp("real"))


def test_real_logs_value_by_value(real: NasBenchNlp, shared_data: Path) -> None:
    assert real.path.name == "nasbench_nlp-wikitext2.nascast"
    assert real.task == TextTask(33_278)
    with zipfile.ZipFile(shared_data / "nasbench_nlp_wikitext2/logs.zip") as archive:
        logs = [json.loads(archive.read(name)) for name in archive.namelist()]
    done = [fields for fields in logs if fields["status"] == "OK"]
    assert len(logs) == 345 == len(done) + sum(real.provenance["left out"].values())
    done.sort(key=lambda fields: (fields["init_time"], fields["experiment_id"]))
    genes = SPACE.canonical(SPACE.from_text([fields["recepie"] for fields in done]))
    of_seed: dict[int, list[int]] = {}  # the trainings that should be each cell's k-th
    seen: dict[bytes, int] = {}
    for i, row in enumerate(genes):
        seen[row.tobytes()] = seen.get(row.tobytes(), -1) + 1
        of_seed.setdefault(seen[row.tobytes()], []).append(i)
    for seed, which in of_seed.items():
        for name in ("train", "val", "test"):
            curves = real.curve(genes[which], f"{name}_loss", 50, seed)
            assert curves.tolist() == [done[i][f"{name}_losses"] for i in which]
        seconds = real.curve(genes[which], "seconds", 50, seed)
        expected = np.cumsum([done[i]["wall_times"] for i in which], axis=1)
        assert np.allclose(seconds, expected, rtol=1e-12)
        parameters = real.query(genes[which], "num_params", seed=seed)
        assert parameters.tolist() == [done[i]["num_params"] for i in which]
    assert len(seen) == len(real)
    assert max(of_seed) + 1 == real.metrics["val_loss"].seeds


def test_real_numbers_of_parameters(real: NasBenchNlp) -> None:
    """What is counted from the rows is what was recorded."""
    counted = SPACE.parameters(real.genes(), real.task)
    assert np.array_equal(counted, real.query(real.genes(), "num_params"))


@pytest.mark.parametrize("check", testing.checks("benchmark"))
def test_real_keeps_the_promises(real: NasBenchNlp, check: Callable[[Any], None]) -> None:
    check(real)


# --- Made-up logs ------------------------------------------------------------------------------


def test_recipes_of_one_cell_are_seeds_of_one_row(tmp_path: Path) -> None:
    logs = [log(2, TWIN), log(1), log(3, OTHER), log(4)]
    table = convert(write(tmp_path / "logs.zip", logs), tmp_path)
    assert table.path.name == "nasbench_nlp.nascast"
    assert table.task == TextTask(10_000)  # Penn Treebank
    assert len(table) == 2
    for seed, number in enumerate((1, 2, 4)):  # as they began, not as they are in the archive
        for row in rows(SIMPLE, TWIN):
            found = table.query(row[None], "val_loss", 7, seed)[0]
            assert found == log(number)["val_losses"][6]
    assert table.query(rows(OTHER), "test_loss")[0] == log(3)["test_losses"][-1]
    with pytest.raises(UnsupportedError, match="seed 1 is recorded for 1 of 2"):
        table.query(rows(OTHER), "test_loss", seed=1)
    assert np.isclose(table.seconds(rows(OTHER), 10)[0], sum(log(3)["wall_times"][:10]))


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    nan = [*log(1)["val_losses"][:49], math.nan]
    logs = [
        log(1, val_losses=nan, status="loss is nan!"),
        log(2, **ended(3), status="KeyboardInterrupt"),
        log(3, **ended(0), status="Exception: out of memory\nTraceback"),
        log(4, **ended(3)),
        log(5, val_losses=nan),
        log(6, TOO_LARGE),
        log(7),
        *(log(number, OTHER) for number in range(8, 26)),
    ]
    table = convert(write(tmp_path / "logs.zip", logs), tmp_path)
    assert table.provenance["logs"] == len(logs)
    assert table.provenance["left out"] == {
        "loss is nan!": 1,
        "KeyboardInterrupt": 1,
        "Exception: out of memory": 1,
        "ended after 3 epochs": 1,
        "a loss that is not finite": 1,
        "not in the search space": 1,
        "beyond 16 of one cell": 2,
    }
    ids = table.provenance["recipes left out"]
    assert ids["beyond 16 of one cell"] == [1_000_024, 1_000_025]
    assert ids["not in the search space"] == [1_000_006]
    assert table.query(rows(SIMPLE), "val_loss", 1)[0] == log(7)["val_losses"][0]  # seed 0
    assert len(table) == 2


def test_a_folder_of_archives_and_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the release, one archive unpacked beside itself; a table for each data set."""
    monkeypatch.setenv("NASCAST_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="nascast benchmark convert nasbench-nlp"):
        plugins.load("benchmark", "nasbench_nlp")
    source = tmp_path / "release"
    single = write(source / "train_logs_single_run/logs.zip", [log(1), log(2, OTHER)])
    write(source / "train_logs_multi_runs/logs.zip", [log(3)])
    wiki = [log(4, data="data/wikitext-2"), log(5, OTHER, data="data/wikitext-2/")]
    write(source / "train_logs_wikitext-2/logs.zip", wiki)
    with zipfile.ZipFile(single) as archive:
        archive.extractall(single.parent)
    done: list[tuple[int, int]] = []
    paths = release.converter(source, tmp_path, lambda at, of: done.append((at, of)))
    assert [path.name for path in paths] == list(NasBenchNlp.files)
    assert done == sorted(done)
    assert done[-1][0] == done[-1][1]
    table = plugins.load("benchmark", "nasbench_nlp")
    assert table.provenance["data set"] == "ptb"
    assert table.provenance["logs"] == 3
    assert table.metrics["val_loss"].seeds == 2
    other = plugins.load("benchmark", "nasbench_nlp", "nasbench_nlp-wikitext2.nascast")
    assert other.query(rows(SIMPLE), "val_loss", 50)[0] == wiki[0]["val_losses"][-1]


# --- What is refused ---------------------------------------------------------------------------


REFUSED = {
    "another data set": (log(1, data="data/hywiki"), "trained on 'data/hywiki'; known are ptb"),
    "no recipe": (
        {k: v for k, v in log(1).items() if k != "recepie"},
        "text as 'recepie'.*nothing",
    ),
    "a number as text": (log(1, num_params="many"), "64 bits as 'num_params'; got 'many'"),
    "text in a curve": (log(1, val_losses=["a"] * 50), "50 numbers as 'val_losses'"),
    "51 epochs": (log(1, wall_times=[1.0] * 51), "at most 50 numbers as 'wall_times'"),
    "no time": (log(1, wall_times=[0.0] * 50), "seconds of an epoch should be positive"),
    "only failures": (log(1, status="loss is nan!"), "no training on ptb can be used.*nan!': 1"),
}


@pytest.mark.parametrize(("fields", "message"), REFUSED.values(), ids=REFUSED)
def test_logs_that_are_refused(fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    source = write(tmp_path / "logs.zip", [fields])
    with pytest.raises(CorruptDataError, match=message):
        convert(source, tmp_path)
    assert list(tmp_path.iterdir()) == [source]


def test_damaged_archives_leave_no_table(tmp_path: Path) -> None:
    source = write(tmp_path / "logs.zip", [log(number) for number in range(1, 10)])
    whole = source.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for content in (whole[: len(whole) // 2], bytes(flipped), b"no archive", b""):
        source.write_bytes(content)
        with pytest.raises(CorruptDataError, match=r"logs\.zip.*: damaged, or not a"):
            convert(source, tmp_path)
        assert list(tmp_path.iterdir()) == [source]


def test_files_that_are_no_logs(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"expected logs\.zip of NAS-Bench-NLP"):
        convert(tmp_path, tmp_path)
    with pytest.raises(CorruptDataError, match="no logs of NAS-Bench-NLP"):
        convert(write(tmp_path / "empty.zip", []), tmp_path)
    path = tmp_path / "log_stats_model_1.json"
    for text, message in ((b"{", "not JSON"), (b"[1]", "expected the fields of a log")):
        path.write_bytes(text)
        with pytest.raises(CorruptDataError, match=message):
            convert(path, tmp_path)
    path.write_text("x" * 2_000_000)
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    with pytest.raises(CorruptDataError, match="2000000 bytes are too many"):
        convert(tmp_path / "large.zip", tmp_path)


@pytest.mark.parametrize("name", ["log_statz_model_1.json", "log_stats_model_1.jso", "x"])
def test_a_log_with_a_damaged_name_is_not_dropped(name: str, tmp_path: Path) -> None:
    source = write(tmp_path / "logs.zip", [log(2)])
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(f"logs/{name}", json.dumps(log(1)))
    with pytest.raises(CorruptDataError, match=f"{name}: it holds a log"):
        convert(source, tmp_path)


@pytest.mark.parametrize("field", ["num_params", "recepie_id", "val_losses"])
def test_numbers_of_400_digits(field: str, tmp_path: Path) -> None:
    value: Any = [10**400] * 50 if field == "val_losses" else 10**400
    source = write(tmp_path / "logs.zip", [log(1, **{field: value})])
    with pytest.raises(CorruptDataError, match=field):
        convert(source, tmp_path)


def test_an_archive_whose_directory_leads_before_its_start(tmp_path: Path) -> None:
    """Seeking there is the system's error 22."""
    source = write(tmp_path / "logs.zip", [log(1)])
    content = bytearray(source.read_bytes())
    start = content.rindex(b"PK\x05\x06")
    content[start + 16 : start + 20] = (2**32 - 2).to_bytes(4, "little")
    source.write_bytes(content)
    with pytest.raises(CorruptDataError, match=r"logs\.zip.*damaged, or not"):
        convert(source, tmp_path)
