"""What people write themselves or hand on: tables, texts, notations, pictures, folders of runs."""

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from tests.fuzz.target import Target

from nascast.core import plugins

__all__ = ["GIVEN"]

_SPACES = ("nasbench201", "nasbench101", "darts", "nasnet", "nasbench_nlp", "nats_size")


def _imports(folder: Path) -> Iterator[Target]:
    import pyarrow.csv
    import pyarrow.parquet

    from nascast.benchmarks.imported import ColumnSpec, Layout, convert

    space = plugins.load("space", "nasbench201")
    texts = space.to_text(space.all()[:400:20])
    lines = ["arch,val,sec", *(f'"{t}",{50 + i / 7:.3f},{3 + i}' for i, t in enumerate(texts))]
    content = "\n".join(lines).encode()
    metrics = (ColumnSpec.parse("val_accuracy=val,epoch=200"),)
    layout = Layout("arch", metrics, seconds_per_epoch="sec")

    def read(path: Path) -> bytes:
        found = convert(path, "nasbench201", layout, name="a")
        return repr({name: array.tolist() for name, array in found.values.items()}).encode()

    yield Target("import .csv", "a.csv", content, read)
    yield Target("import .csv.gz", "a.csv.gz", gzip.compress(content, mtime=0), read)
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(io.BytesIO(content)), out)
    yield Target("import .parquet", "a.parquet", out.getvalue(), read)


def _notations(folder: Path) -> Iterator[Target]:
    for name in _SPACES:
        space = plugins.load("space", name)
        rows = space.sample(3, np.random.default_rng(0))
        yield Target(f"notation {name}", "a.txt", space.to_text(rows)[0].encode(), _reader(name))


def _reader(name: str) -> Callable[[Path], bytes]:
    def read(path: Path) -> bytes:
        text = path.read_bytes().decode("utf-8", errors="replace")
        return bytes(plugins.load("space", name).from_text([text]).tobytes())

    return read


def _data(folder: Path) -> Iterator[Target]:
    from PIL import Image

    from nascast.training.sources import folder as source
    from nascast.training.text import open_text

    words = b"\n".join(b"the cat sat on the mat %d" % (i % 5) for i in range(40))

    def of_text(path: Path) -> bytes:
        return open_text(str(path)).fingerprint.encode()

    yield Target("text", "a.txt", words, of_text)
    rng = np.random.default_rng(0)
    for kind in ("png", "jpeg", "gif", "webp", "bmp", "tiff"):
        out = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(out, kind)
        sound = out.getvalue()

        def of_folder(path: Path, sound: bytes = sound) -> bytes:
            for i in range(24):
                place = path.parent / "images" / "ab"[i % 2] / f"{i}{path.suffix}"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(sound if i else path.read_bytes())
            return source.read(str(path.parent / "images"), 8).fingerprint().encode()

        yield Target(f"image .{kind}", f"a.{kind}", sound, of_folder)


def _runs(folder: Path) -> Iterator[Target]:
    """Folders of a search and of a comparison, one of whose files is changed."""
    from nascast.executors.serial import Serial
    from nascast.studies.predictors.design import Study
    from nascast.studies.predictors.results import read_run
    from nascast.studies.predictors.run import compare
    from nascast.studies.searches.design import Search
    from nascast.studies.searches.results import TRIALS, begin, read_search
    from nascast.studies.searches.run import simulations

    search = Search("nasbench201", ("random",), benchmark="nb201-mini", evaluations=4)
    begin(search, folder / "search", False)
    store = plugins.load("store", "sqlite", folder / "search" / TRIALS)
    list(simulations(search, store, Serial(), folder / "search"))
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    study = Study("nb201-mini", ("early_stop_accuracy",), {"epochs": (2,)}, trials=1, test_size=9)
    compare(study, folder / "study")

    def searched(path: Path) -> bytes:
        found = read_search(path)
        trials = [[trial.evaluation for trial in run.trials] for run in found.runs]
        return repr((found.setup, found.versions, found.diagnostics, trials)).encode()

    def compared(path: Path) -> bytes:
        return repr(read_run(path)).encode()

    for name, read in (("search", searched), ("study", compared)):
        for file in sorted((folder / name).iterdir()):
            if file.is_file() and file.suffix in (".json", ".sqlite", ".parquet", ".npz"):
                changed = _with(file, read)
                summed = file.suffix == ".json"
                about = f"{name} {file.name}", file.name, file.read_bytes()
                yield Target(*about, changed, checked=summed)


def _with(file: Path, read: Callable[[Path], bytes]) -> Callable[[Path], bytes]:
    """Returns a function that reads a copy of a folder with one of its files exchanged."""

    def found(path: Path) -> bytes:
        copy = path.parent / "copy"
        copy.mkdir()
        for part in file.parent.iterdir():
            if part.is_file():
                (copy / part.name).write_bytes((path if part == file else part).read_bytes())
        return read(copy)

    return found


GIVEN: dict[Callable[[Path], Iterator[Target]], str] = {  # by the beginnings of the names
    _imports: "import .csv .csv.gz .parquet",
    _notations: "notation " + " ".join(_SPACES),
    _data: "text image .png .jpeg .gif .webp .bmp .tiff",
    _runs: "search study .json .sqlite .parquet .npz",
}
