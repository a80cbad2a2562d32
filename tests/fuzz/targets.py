"""What is attacked: a sound file of every format, and the reader that a user's command runs."""

import bz2
import gzip
import hashlib
import io
import json
import pickle
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tests.fuzz.given import GIVEN
from tests.fuzz.target import Target
from tests.releases import conftest as nats
from tests.releases.nasbench101 import test_conversion as nb101
from tests.releases.nasbench_nlp import test_conversion as nlp

from nascast.core import plugins
from nascast.core.types import Metric
from nascast.releases.catalogue import find

__all__ = ["targets"]

SMALL = Path(__file__).parents[1] / "releases/nasbench301/nb_models_small.zip"


def _nothing(done: int, total: int) -> None:
    return


def _release(name: str, apart: bool) -> Callable[[Path], bytes]:
    """Returns what converts a file into a folder of its own, and reads what was written."""

    def read(path: Path) -> bytes:
        from nascast.benchmarks.table import read_table

        release = find(name)
        assert release is not None
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            run = release.convert if apart else release.converter
            written = run(path, Path(folder), _nothing)
            return b"".join(_of_table(read_table(file)) for file in written)

    return read


def _of_table(table: Any) -> bytes:
    values = [table._values[name].tobytes() for name in sorted(table.metrics)]
    digest = hashlib.sha256(b"".join([table.genes().tobytes(), *values])).digest()
    return digest + repr((table.metrics, table.task, table.name)).encode()


def _plain(name: str, file: str, content: bytes, benchmark: str, **more: Any) -> Target:
    read, apart = _release(benchmark, False), _release(benchmark, True)
    return Target(name, file, content, read, apart=apart, **more)


def targets(folder: Path, only: str = "") -> list[Target]:
    """Returns the targets whose name has a text in it; their sound files are made in a folder."""
    makers = {  # by the beginnings of the names of what they make
        _nats: "NATS-Bench record/pickle whole/pickle",
        _nasbench101: "NAS-Bench-101 TFRecord/records",
        _nlp: "NAS-Bench-NLP archive log",
        _boosters: "NAS-Bench-301 ubj txt archive pickle",
        _onnx: "NAS-Bench-301 ONNX",
        _tables: "table/content",
        _trainings: "checkpoint/content model",
        _images: "images .npz CIFAR/tar idx",
        _own: "artefact/content journal store",
        **GIVEN,
    }
    found: list[Target] = []
    for make, names in makers.items():
        if not only or any(word in names for word in only.split()):
            (folder / make.__name__).mkdir()
            found.extend(make(folder / make.__name__))
    return [target for target in found if only in target.name]


def _nats(folder: Path) -> Iterator[Target]:
    space = plugins.load("space", "nasbench201")
    rows = np.array([[0] * 6, [1] * 6], dtype=np.int16)
    seeds = {200: (777,), 12: (111,)}
    texts = space.to_text(rows)
    records = {i: nats.record(i, text, seeds, 200) for i, text in zip((0, 7), texts, strict=True)}
    for kind in ("tar", "whole", "zip", "old"):
        (folder / kind).mkdir()
        path = nats.write_release(records, kind, folder / kind)
        yield _plain(f"NATS-Bench {kind}", path.name, path.read_bytes(), "nasbench201")
    one = pickle.dumps(records[0], 4)
    yield _plain("NATS-Bench record/pickle", "x-simple.tar", one, "nasbench201", pack=_as_tar)
    whole = bz2.decompress(next((folder / "whole").glob("*.pbz2")).read_bytes())
    yield _plain(
        "NATS-Bench whole/pickle", "NATS.pickle.pbz2", whole, "nasbench201", pack=bz2.compress
    )


def _as_tar(content: bytes) -> bytes:
    out = io.BytesIO()
    packed = bz2.compress(content, 1)
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("x-simple/000000.pickle.pbz2")
        member.size = len(packed)
        archive.addfile(member, io.BytesIO(packed))
    return out.getvalue()


def _nasbench101(folder: Path) -> Iterator[Target]:
    records = nb101.records_of(nb101.GENES[:2], 0, (4, 108))
    content = nb101.framed([nb101.payload(record) for record in records])
    yield _plain("NAS-Bench-101 TFRecord", "a.tfrecord", content, "nasbench101", checked=True)
    texts = b"\n\n".join(nb101.payload(record) for record in records)

    def pack(changed: bytes) -> bytes:
        return nb101.framed(changed.split(b"\n\n"))

    yield _plain("NAS-Bench-101 TFRecord/records", "a.tfrecord", texts, "nasbench101", pack=pack)


def _nlp(folder: Path) -> Iterator[Target]:
    path = nlp.write(folder / "logs.zip", [nlp.log(1), nlp.log(2)])
    yield _plain("NAS-Bench-NLP archive", "logs.zip", path.read_bytes(), "nasbench_nlp")
    text = json.dumps(nlp.log(1)).encode()
    yield _plain("NAS-Bench-NLP log", "log_stats_model_1.json", text, "nasbench_nlp")


def _boosters(folder: Path) -> Iterator[Target]:
    from nascast.benchmarks.nasbench301 import boosters
    from nascast.benchmarks.nasbench301.archive import read_archive
    from nascast.releases.nasbench301.trees import convert_trees

    archive = convert_trees(SMALL, folder / "nasbench301-trees.zip", _nothing)
    _, members = read_archive(archive)
    rows = boosters.vectors(plugins.load("space", "darts").sample(4, np.random.default_rng(0)))

    def one(name: str) -> Callable[[Path], bytes]:
        def read(path: Path) -> bytes:
            content = boosters._checked(name, path.read_bytes(), path)
            call = boosters._open(name, content, path)
            return np.asarray(call(rows)).tobytes()

        return read

    def whole(name: str) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            return boosters.Boosters({**members, name: path.read_bytes()}, path)

        return read

    for name in ("accuracy_00.ubj", "seconds_00.txt"):
        yield Target(
            f"NAS-Bench-301 {name[-3:]}", name, members[name], one(name), apart=whole(name)
        )

    def both(path: Path) -> bytes:
        _, found = read_archive(path)
        return b"".join(boosters._checked(name, found[name], path) for name in sorted(found))

    yield Target("NAS-Bench-301 archive", archive.name, archive.read_bytes(), both)
    yield _binary(rows)


def _binary(rows: Any) -> Target:
    """XGBoost's old format, out of the pickle of a release."""
    from nascast.benchmarks.nasbench301 import boosters
    from nascast.core.child import Child
    from nascast.releases.nasbench301 import trees

    with zipfile.ZipFile(SMALL) as archive:
        content = archive.read("nb_models/xgb_v1.0/0_seed/surrogate_model.model")

    class Here(Child):
        """Runs a call in this process."""

        def call(
            self,
            function: Callable[..., Any],
            *arguments: Any,
            told: Callable[..., None] | None = None,
        ) -> Any:
            return function(*arguments)

    def read(path: Path, child: Any = None) -> bytes:
        _, model = trees._booster(path.read_bytes(), str(path), child or Here(path))
        if model.startswith(b"tree"):
            return model
        return np.asarray(boosters._open("a.ubj", model, path)(rows)).tobytes()

    def apart(path: Path) -> object:
        with Child(path) as child:
            return read(path, child)

    return Target("NAS-Bench-301 pickle", "surrogate_model.model", content, read, apart=apart)


def _onnx(folder: Path) -> Iterator[Target]:
    import onnx
    from onnx import TensorProto, helper

    from nascast.benchmarks.nasbench301.onnx_rows import OnnxRows, _Session

    weight = np.random.default_rng(0).random((35, 2)).astype(np.float32)
    inputs = [
        helper.make_tensor_value_info("x_cat", TensorProto.INT64, [1, 34]),
        helper.make_tensor_value_info("x_cont", TensorProto.FLOAT, [1, 1]),
    ]
    nodes = [
        helper.make_node("Cast", ["x_cat"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["f", "x_cont"], ["c"], axis=1),
        helper.make_node("MatMul", ["c", "w"], ["y"]),
    ]
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [35, 2], weight.ravel().tolist())
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])]
    graph = helper.make_graph(nodes, "g", inputs, out, [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    content: bytes = model.SerializeToString()
    cats, numbers = np.zeros((2, 34), dtype=np.int64), np.ones((2, 1), dtype=np.float32)

    def read(path: Path) -> bytes:
        from nascast.core.bounds import reading

        session = _Session(path.read_bytes(), path)
        with reading(path):
            found = session.run(cats, numbers).tobytes()
            onnx.load_model_from_string(path.read_bytes())
        return found

    def apart(path: Path) -> object:
        genes = plugins.load("space", "darts").sample(2, np.random.default_rng(0))
        return OnnxRows(path.read_bytes(), path).predict(genes, (1,))

    yield Target("NAS-Bench-301 ONNX", "model.onnx", content, read, apart=apart)


def _tables(folder: Path) -> Iterator[Target]:
    from nascast.benchmarks.table import TableSource, read_table, write_table
    from nascast.benchmarks.table.files import TABLE

    genes = plugins.load("space", "nasbench201").all()[:300:7]
    metrics = (
        Metric("val_accuracy", "percent", "validation", False, (1, 2), 2),
        Metric("seconds", "seconds", "train", True, (1, 2), 2),
    )
    rng = np.random.default_rng(0)
    values = {metric.name: rng.random((len(genes), 2, 2)) for metric in metrics}
    path = folder / "a.nascast"
    write_table(TableSource("a", "nasbench201", genes, metrics, values), path)
    content = path.read_bytes()

    def read(file: Path) -> bytes:
        table = read_table(file)
        rows = table.genes()
        for name in table.metrics:
            table.query(rows, name)
        return _of_table(table)

    def pack(body: bytes) -> bytes:
        return body + hashlib.sha256(body).digest() + TABLE.mark

    yield Target("table", path.name, content, read, checked=True)
    yield Target("table/content", path.name, content[: -32 - len(TABLE.mark)], read, pack=pack)


def _trainings(folder: Path) -> Iterator[Target]:
    from tests.training import test_checkpoint as training

    from nascast.training import checkpoint
    from nascast.training.model import load_model, save_model

    path = folder / "checkpoint.pt"
    checkpoint.save(training.prepared(training.ALL), path)
    content = path.read_bytes()

    def read(file: Path) -> bytes:
        return repr(checkpoint.read(file)).encode()

    def pack(body: bytes) -> bytes:
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    yield Target("checkpoint", path.name, content, read, checked=True)
    yield Target("checkpoint/content", path.name, content[65:], read, pack=pack)

    model = folder / "model"
    portable, told, images = _model()
    save_model(portable, told, images, model)

    def of_model(name: str) -> Callable[[Path], bytes]:
        def read(file: Path) -> bytes:
            with tempfile.TemporaryDirectory(dir=file.parent) as copy:
                for part in model.iterdir():
                    source = file if part.name == name else part
                    (Path(copy) / part.name).write_bytes(source.read_bytes())
                return repr(load_model(Path(copy)).portable.state_dict()).encode()

        return read

    for part in sorted(model.iterdir()):
        checked = True
        yield Target(
            f"model {part.name}", part.name, part.read_bytes(), of_model(part.name), checked=checked
        )


def _model() -> Any:
    import torch

    from nascast.core.types import ImageTask
    from nascast.training.model import Classifier

    space = plugins.load("space", "nasbench201")
    row = space.all()[:1]
    task = ImageTask((3, 8, 8), 4, {**space.scaled(1, 4), "stages": 1})
    torch.manual_seed(0)
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.3, 0.1]
    arch = space.architecture(row[0])
    portable = Classifier(space.build(arch, task).eval(), tuple(mean), tuple(std), (8, 8))
    told = {
        "space": space.name,
        "genes": list(arch.genes),
        "text": space.to_text(row)[0],
        "task": {"input_shape": [3, 8, 8], "classes": 4, "skeleton": dict(task.skeleton)},
        "class_names": ["a", "b", "c", "d"],
        "kind": "image classifier",
        "normalisation": {"mean": mean, "std": std},
    }
    return portable, told, torch.rand(2, 3, 8, 8)


def _images(folder: Path) -> Iterator[Target]:
    from nascast.training.sources import cifar, mnist, npz

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    labels = np.array([0, 1] * 3)
    out = io.BytesIO()
    np.savez_compressed(out, x_train=images, y_train=labels, x_test=images[:2], y_test=labels[:2])

    def read(module: Any) -> Callable[[Path], bytes]:
        def found(path: Path) -> bytes:
            arrays = module.read(str(path), None)
            arrays.check(str(path))
            return bytes(arrays.fingerprint(), "ascii")

        return found

    yield Target("images .npz", "a.npz", out.getvalue(), read(npz))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
            content = bytes([len(name) % 2]) + bytes(3072) + bytes([1]) + bytes(3072)
            member = tarfile.TarInfo(f"cifar/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    tar = packed.getvalue()
    yield Target("images CIFAR", "a.tar.gz", gzip.compress(tar, mtime=0), read(cifar), checked=True)
    yield Target("images CIFAR/tar", "a.tar.gz", tar, read(cifar), pack=gzip.compress)
    idx = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 5]) + rng.bytes(100)
    digits = bytes([0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 0, 1])

    def read_idx(path: Path) -> bytes:
        with tempfile.TemporaryDirectory(dir=path.parent) as copy:
            for name in ("train", "t10k"):
                (Path(copy) / f"{name}-labels-idx1-ubyte").write_bytes(digits)
                (Path(copy) / f"{name}-images-idx3-ubyte.gz").write_bytes(path.read_bytes())
            return read(mnist)(Path(copy))

    yield Target("images idx", "a.gz", idx, read_idx, pack=gzip.compress)


def _own(folder: Path) -> Iterator[Target]:
    """Artefacts, journals and stores."""
    from tests.stores.test_sqlite import trial

    from nascast.stores.sqlite import Sqlite
    from nascast.studies.artefacts import ArtefactFolder
    from nascast.studies.journal import Journal

    kept = ArtefactFolder(folder / "artefacts")
    kept["key"] = {"a": np.arange(50.0)}, 1.5
    file = next((folder / "artefacts").iterdir())

    def artefact(path: Path) -> bytes:
        found = ArtefactFolder(path.parent).get("key")
        return repr(found).encode()

    def pack(body: bytes) -> bytes:
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    content = file.read_bytes()
    yield Target("artefact", file.name, content, artefact, checked=True)
    yield Target("artefact/content", file.name, content[65:], artefact, pack=pack)
    journal = Journal(folder / "journal")
    for i in range(4):
        journal.append({"genes": [1, 2, i], "loss": i / 7})
    text = (folder / "journal").read_bytes()
    yield Target("journal", "journal", text, lambda path: repr(list(Journal(path).read())).encode())
    store = Sqlite(folder / "runs.sqlite")
    store.begin("a", {"x": 1})
    store.append("a", [trial(i) for i in range(3)])
    assert store._connection is not None
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def runs(path: Path) -> bytes:
        opened = Sqlite(path)
        return repr([(run, opened.info(run), opened.read(run)) for run in opened.runs()]).encode()

    yield Target("store", "runs.sqlite", (folder / "runs.sqlite").read_bytes(), runs)
