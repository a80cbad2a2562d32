"""Damaged, cut, altered and malicious files of NAS-Bench-201: each is named and leaves nothing."""

import copy
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.nasbench201 import NasBench201
from nascast.benchmarks.table import write_table
from nascast.core import plugins
from nascast.core.errors import CorruptDataError, StoreError
from nascast.releases.nasbench201 import release
from nascast.releases.nats import tables

SPACE = plugins.load("space", "nasbench201")
FORMATS = ("folder", "tar", "whole", "legacy", "zip")
Records = dict[int, Any]
Write = Callable[[Records, str, Path], Path]


def ignore(done: int, total: int) -> None:
    pass


def damages() -> dict[str, tuple[Callable[[Any], Any], str]]:
    """What is done to a record, and what the error says."""

    def training(record: Any) -> Any:
        return record["200"]["all_results"]["cifar100", 777]

    def change(field: str, key: Any, value: Any) -> Callable[[Any], None]:
        return lambda record: training(record)[field].__setitem__(key, value)

    where = r"architecture 0, cifar100 with seed 777"
    return {
        "no training times": (lambda r: training(r).update(train_times=None), "'train_times'"),
        "no evaluation": (lambda r: training(r).pop("eval_acc1es"), rf"{where}: .*'eval_acc1es'"),
        "an epoch is missing": (
            lambda r: training(r)["train_losses"].pop(100),
            rf"{where}: train_losses has no value for 100",
        ),
        "no final test": (
            lambda r: training(r)["eval_losses"].pop("x-test@199"),
            rf"{where}: eval_losses has no value for .*x-test@199",
        ),
        "not finite": (change("eval_losses", "x-valid@199", np.nan), f"{where}: eval_losses .*fin"),
        "over 100": (change("train_acc1es", 5, 101.0), rf"{where}, train_accuracy: .*101"),
        "a fraction of a fraction": (change("eval_acc1es", "x-test@199", -0.1), "percent"),
        "a text": (change("train_losses", 5, "many"), f"{where}: train_losses should hold numbers"),
        "no time": (change("train_times", 5, -10.0), rf"{where}: an epoch took -"),
        "no size": (lambda r: training(r).update(params=0.0), rf"{where}: params"),
        "other epochs": (
            lambda r: training(r).update(epochs=100),
            r"one number of epochs.*100, 200",
        ),
        "no trainings": (lambda r: r["12"]["all_results"].clear(), "got none"),
        "no data set": (
            lambda r: [r["12"]["all_results"].pop(("cifar10", seed)) for seed in (111, 777)],
            r"1 to 3 trainings of 12 epochs on cifar10; got seeds \[\]",
        ),
        "no short trainings": (lambda r: r.pop("12"), r"architecture 0 has no .*\[12\]"),
        "another index": (lambda r: r["12"].update(arch_index=7), "once for 12 epochs"),
        "no such index": (lambda r: r["12"].update(arch_index=15625), "below 15625"),
        "no index": (lambda r: r["200"].pop("arch_index"), "'arch_index'.*Other versions"),
        "another space": (lambda r: r["12"].update(arch_str="8:8:8:8:8"), "8:8:8:8:8"),
        "two architectures": (
            lambda r: r["12"].update(arch_str="|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"),
            "two architectures",
        ),
        "an unknown version": (lambda r: r.update({"12": ["v2"]}), "Other versions"),
    }


@pytest.mark.parametrize("damage", damages())
def test_damaged_records_are_named_and_leave_nothing(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path, damage: str
) -> None:
    alter, message = damages()[damage]
    altered = {7: nats_records[7], 0: copy.deepcopy(nats_records[0])}
    if damage == "two architectures":
        altered[0]["200"]["arch_str"] = SPACE.to_text(np.ones((1, 6), dtype=np.int16))[0]
    alter(altered[0])
    source = write_nats(altered, "folder", tmp_path / "simple")
    with pytest.raises(CorruptDataError, match=message) as caught:
        release.converter(source, data, ignore)
    assert str(source) in str(caught.value)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_file_is_noticed(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path, kind: str
) -> None:
    source = write_nats(nats_records, kind, tmp_path)
    file = source / "000007.pickle.pbz2" if source.is_dir() else source
    content = file.read_bytes()
    for share in (0.0, 0.3, 0.9):
        file.write_bytes(content[: int(share * len(content))])
        with pytest.raises(CorruptDataError, match=str(file)):
            release.converter(source, data, ignore)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "tar", "whole", "zip"])
def test_a_flipped_byte_is_noticed(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path, kind: str
) -> None:
    """Torch's older layout has no sums; there only impossible values are noticed."""
    source = write_nats({0: nats_records[0]}, kind, tmp_path)
    file = source / "000000.pickle.pbz2" if source.is_dir() else source
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CorruptDataError, match=str(file)):
        release.converter(source, data, ignore)
    assert list(data.iterdir()) == []


def test_a_name_that_does_not_fit_its_content(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    path = write_nats({0: nats_records[0]}, "whole", tmp_path)
    path = path.rename(tmp_path / "NATS-tss-v1_0-3ffb9.pickle.pbz2")
    with pytest.raises(CorruptDataError, match="MD5 should end in 3ffb9"):
        release.converter(path, data, ignore)


def test_a_failed_conversion_leaves_an_earlier_one(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    release.converter(write_nats(nats_records, "folder", tmp_path / "good"), data, ignore)
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    bad = {0: copy.deepcopy(nats_records[0])}
    bad[0]["200"]["all_results"]["cifar10", 999]["train_losses"].clear()  # of the last table
    with pytest.raises(CorruptDataError):
        release.converter(write_nats(bad, "folder", tmp_path / "bad"), data, ignore)
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


def test_a_tar_is_whole_or_refused(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    """Python takes a damaged or missing header for the end of a tar."""
    path = write_nats(nats_records, "tar", tmp_path)
    with tarfile.open(path) as archive:
        starts = [member.offset for member in archive]
    whole = path.read_bytes()
    for at in starts[1:]:
        flipped = bytearray(whole)
        flipped[at + 124] ^= 1
        for content in (bytes(flipped), whole[:at], whole[: at + 100]):
            path.write_bytes(content)
            with pytest.raises(CorruptDataError, match=r"damaged, or not a \.tar"):
                release.converter(path, data, ignore)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_tables_appear_together(
    nats_records: Records,
    write_nats: Write,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
) -> None:
    written: list[Path] = []

    def fail(source: Any, path: Path) -> None:
        if len(written) == 2:
            raise failure
        write_table(source, path)
        written.append(path)

    monkeypatch.setattr(tables, "write_table", fail)
    with pytest.raises(type(failure)):
        release.converter(write_nats(nats_records, "folder", tmp_path), data, ignore)
    assert len(written) == 2
    assert list(data.iterdir()) == []


def test_what_a_killed_process_left_is_removed(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    (data / ".part-999999999-abc").mkdir()
    (data / f".part-{os.getppid()}-abc").mkdir()  # of a conversion that runs
    release.converter(write_nats(nats_records, "folder", tmp_path), data, ignore)
    assert [p.name for p in data.glob(".part-*")] == [f".part-{os.getppid()}-abc"]


def test_a_full_disk_is_an_error(
    nats_records: Records,
    write_nats: Write,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mapped file would end the process."""
    real = tables._Column.__init__

    def full(self: Any, path: Path, shape: Any) -> None:
        real(self, path, shape)
        self._file.close()
        self._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115

    monkeypatch.setattr(tables._Column, "__init__", full)
    for kind in ("folder", "tar", "whole"):
        (tmp_path / kind).mkdir()
        source = write_nats(nats_records, kind, tmp_path / kind)
        with pytest.raises(StoreError, match="No space left on device; make room"):
            release.converter(source, data, ignore)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r["200"]["all_results"].update({5: {}}), r"by \(data set, seed\); got 5"),
        (lambda r: r["200"].update(arch_index=True), "'arch_index'.* got True"),
        (
            lambda r: r["12"]["all_results"]["cifar10", 777]["train_losses"].update({3: 10**400}),
            "train_losses should hold numbers",
        ),
    ],
)
def test_odd_values_are_named(
    nats_records: Records,
    write_nats: Write,
    data: Path,
    tmp_path: Path,
    change: Callable[[Any], None],
    told: str,
) -> None:
    bad = {0: copy.deepcopy(nats_records[0])}
    change(bad[0])
    with pytest.raises(CorruptDataError, match=told):
        release.converter(write_nats(bad, "folder", tmp_path), data, ignore)


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self.path, "run"))


@pytest.mark.parametrize("kind", FORMATS)
def test_an_attack_is_not_run(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path, kind: str
) -> None:
    attack = copy.deepcopy(nats_records[0])
    target = tmp_path / "written"
    attack["200"]["all_results"]["cifar10", 777]["net_state_dict"] = Attack(target)
    source = write_nats({0: attack}, kind, tmp_path)
    with pytest.raises(CorruptDataError, match=r"asks for (\w|\.)*(write_text|getattr)"):
        release.converter(source, data, ignore)
    assert not target.exists()
    assert list(data.iterdir()) == []


def test_weights_are_passed_over(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    for kind in ("legacy", "zip"):
        altered = {0: copy.deepcopy(nats_records[0])}
        training = altered[0]["200"]["all_results"]["cifar10", 777]
        training["net_state_dict"] = {"weight": torch.ones(3), "steps": torch.tensor(1)}
        release.converter(write_nats(altered, kind, tmp_path), data, ignore)
        assert len(NasBench201()) == 1
        training["train_losses"][3] = torch.tensor(1.0)
        with pytest.raises(CorruptDataError, match="train_losses should hold"):
            release.converter(write_nats(altered, kind, tmp_path), data, ignore)


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_a_record_with_a_damaged_name_is_not_dropped(
    kind: str, nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    source = write_nats(nats_records, "folder", tmp_path / "folder")
    (source / "000007.pickle.pbz2").rename(source / "00000w.pickle.pbz2")
    if kind == "tar":
        with tarfile.open(tmp_path / "x-simple.tar", "w") as archive:
            archive.add(source, "x-simple")
        source = tmp_path / "x-simple.tar"
    with pytest.raises(CorruptDataError, match=r"'00000w\.pickle\.pbz2', a damaged name"):
        release.converter(source, data, ignore)
    assert list(data.iterdir()) == []
