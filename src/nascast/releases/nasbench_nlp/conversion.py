"""The training logs of NAS-Bench-NLP as tables, one for each data set."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nascast.benchmarks.nasbench_nlp import NasBenchNlp
from nascast.benchmarks.table import SECONDS, TableSource, write_table
from nascast.core.errors import CorruptDataError, InvalidArchitectureError
from nascast.core.types import Floats, Genes, Metric, TextTask
from nascast.releases.catalogue import Download, Progress, Release
from nascast.releases.nasbench_nlp.logs import CURVES, EPOCHS, Log, find_logs, read_logs
from nascast.releases.staging import staged
from nascast.spaces.nasbench_nlp import NasBenchNlp as Space

__all__ = ["release"]

_PAGE = "https://github.com/fmsnew/nas-bench-nlp-release"
_SETS = dict(zip(("ptb", "wikitext-2"), NasBenchNlp.files, strict=True))
_WORDS = {"ptb": 10_000, "wikitext-2": 33_278}  # published; those of the logs' num_params
_METRICS = ("train_loss", "val_loss", "test_loss", SECONDS)  # in the order of `CURVES`
_SPLITS = ("train", "validation", "test", "train")
_MOST_SEEDS = (
    16  # chosen: a few tiny cells were trained so often that a table would be mostly empty
)
_NOTES = {
    "source": f"NAS-Bench-NLP, {_PAGE}",
    "licence": "Apache-2.0",
    "recipe": "50 epochs of Adam, learning rate 1e-3, batch 20, three layers of 400, 600 and 400, "
    "embedding tied to the decoder",
    "seconds": "of training alone, summed up to and including an epoch",
    "seeds": "trainings of one cell, also from different recipes of it, in the order they began",
    "num_params": "of the language model",
}
_SPACE = Space()
_DOWNLOADS = tuple(
    Download(f"{folder}/logs.zip", what, None, None, None, f"{_PAGE}/tree/master/{folder}")
    for folder, what in (
        ("train_logs_single_run", "Penn Treebank, every recipe once"),
        ("train_logs_multi_runs", "Penn Treebank, some recipes again with other seeds"),
        ("train_logs_wikitext-2", "WikiText-2, some recipes"),
    )
)


def convert(source: Path, folder: Path, progress: Progress) -> list[Path]:
    """Converts all logs of an archive, or below a folder, packed or not; returns the tables."""
    paths = find_logs(source)
    total = sum(path.stat().st_size for path in paths)
    logs: dict[tuple[str, int, int], Log] = {}  # one may be there packed and unpacked
    done = 0
    for path in paths:
        begun = done
        for log, size in read_logs(path):
            logs[log.identity] = log
            done += size
            progress(done, total)
        done = begun + path.stat().st_size
        progress(done, total)
    if not logs:
        raise CorruptDataError(f"{source}: no logs of NAS-Bench-NLP in there")
    ordered = [logs[identity] for identity in sorted(logs)]
    of_set: dict[str, list[Log]] = {}
    for log in ordered:
        of_set.setdefault(_set_of(log), []).append(log)
    sources = {name: _source(name, of_set[name]) for name in _SETS if name in of_set}
    with staged(folder) as stage:
        for name, table in sources.items():
            write_table(table, stage / _SETS[name])
    return [folder / _SETS[name] for name in sources]


def _set_of(log: Log) -> str:
    name = log.data.rstrip("/").split("/")[-1]
    if name not in _SETS:
        raise CorruptDataError(
            f"{log.place}: trained on {log.data!r}; known are {', '.join(_SETS)}"
        )
    return name


def _source(name: str, logs: Sequence[Log]) -> TableSource:
    """Returns the table of one data set, from its logs in the order of their seeds."""
    left_out: dict[str, list[int]] = {}
    trainings: dict[bytes, list[Log]] = {}
    for log in logs:
        reason, row = log.failure(), None
        if reason is None:
            reason, row = _canonical(log)
        if row is None:
            left_out.setdefault(str(reason), []).append(log.identity[-1])
        elif len(of_row := trainings.setdefault(row.tobytes(), [])) < _MOST_SEEDS:
            of_row.append(log)
        else:
            left_out.setdefault(f"beyond {_MOST_SEEDS} of one cell", []).append(log.identity[-1])
    if not trainings:
        reasons = Counter({reason: len(ids) for reason, ids in left_out.items()})
        raise CorruptDataError(f"no training on {name} can be used: {dict(reasons)}")
    rows = np.stack([np.frombuffer(row, dtype=np.int16) for row in trainings])
    metrics, values = _columns(list(trainings.values()))
    provenance: dict[str, Any] = {
        **_NOTES,
        "data set": name,
        "logs": len(logs),
        "left out": {reason: len(ids) for reason, ids in left_out.items()},
        "recipes left out": left_out,
    }
    return TableSource(
        f"nasbench_nlp on {name}",
        "nasbench_nlp",
        rows,
        metrics,
        values,
        TextTask(_WORDS[name]),
        provenance,
        canonical=True,
    )


def _canonical(log: Log) -> tuple[str | None, Genes | None]:
    """Returns the reason why a log has no canonical row, or None and the row."""
    try:
        return None, _SPACE.canonical(_SPACE.from_text([log.recipe]))[0]
    except InvalidArchitectureError:
        return "not in the search space", None


def _columns(cells: Sequence[Sequence[Log]]) -> tuple[tuple[Metric, ...], dict[str, Floats]]:
    """Returns the metrics and values of cells with several trainings each."""
    seeds = max(map(len, cells))
    curves = np.full((len(CURVES), len(cells), seeds, EPOCHS), np.nan)
    for cell, logs in enumerate(cells):
        for seed, log in enumerate(logs):
            curves[:, cell, seed] = log.curves
    curves[_METRICS.index(SECONDS)] = curves[_METRICS.index(SECONDS)].cumsum(-1)
    values: dict[str, Floats] = dict(zip(_METRICS, curves, strict=True))
    values["num_params"] = np.asarray([float(logs[0].parameters) for logs in cells])[:, None, None]
    epochs = tuple(range(1, EPOCHS + 1))
    metrics = [
        Metric(name, "seconds" if name == SECONDS else "nats", split, True, epochs, seeds)
        for name, split in zip(_METRICS, _SPLITS, strict=True)
    ]
    return (*metrics, Metric("num_params", "count", "none", True)), values


release = Release(NasBenchNlp, _DOWNLOADS, convert)
