"""The released surrogates of NAS-Bench-301, ``nb_models_1.0``, as an archive of boosters.

The release (https://github.com/automl/nasbench301) holds a folder for each ensemble (``xgb_v1.0``,
``lgb_runtime_v1.0``) with one folder for each member: ``model_config.json`` and the pickle
``surrogate_model.model``. Nothing is unpickled: a booster stands in its pickle as one string, which
is found by walking over the opcodes.
"""

import json
import pickletools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from nascast.benchmarks.nasbench301.archive import FEATURE, write_archive
from nascast.benchmarks.nasbench301.boosters import COLUMNS, Boosters
from nascast.core.bounds import reading, size_of
from nascast.core.child import Child
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.extras import extra
from nascast.core.leftovers import is_leftover
from nascast.releases.catalogue import Progress
from nascast.releases.formats.xgboost_binary import is_binary, to_json
from nascast.spaces.darts import Darts

__all__ = ["convert_trees", "released"]

_MODEL, _CONFIG = "surrogate_model.model", "model_config.json"
_ACCURACY = ("xgb", "lgb")  # by `model` of the configuration; the first that is there
_SECONDS = ("lgb_time", "xgb_time")


@dataclass(frozen=True, slots=True)
class _File:
    """A file in a folder or in a ZIP archive."""

    path: PurePosixPath
    size: int
    read: Callable[[], bytes]


def released(source: Path) -> bool:
    """Returns whether a folder or ZIP archive holds surrogates of the release."""
    return any(file.path.name == _MODEL for file in _files(source))


def convert_trees(source: Path, target: Path, progress: Progress) -> Path:
    """Writes the released ensembles as an archive, and returns the path of that.

    Args:
        source: path of ``nb_models_1.0.zip``, or of the folder unpacked from it.
        target: path of the archive.
        progress: function called with the bytes read.

    Raises:
        MissingDataError: an ensemble is not there.
        MissingExtraError: XGBoost or LightGBM is not installed.
        CorruptDataError: a file is damaged, or holds no booster.
    """
    members, used = _collect(source, progress)
    surrogate = Boosters(members, source)
    probe = Darts().sample(16, np.random.default_rng(0))
    accuracy, seconds = surrogate.accuracy(probe, (98,)), surrogate.seconds(probe)
    sound = np.isfinite(seconds).all() and (seconds > 0).all()
    if not sound or not ((accuracy > 0) & (accuracy <= 100)).all():
        raise CorruptDataError(
            f"{source}: its predictions are no accuracies in percent and seconds, such as "
            f"{accuracy[0, 0]:.4g} and {seconds[0]:.4g}"
        )
    head = {
        "source": "nb_models_1.0, https://github.com/automl/nasbench301",
        "licence": "Apache-2.0",
        "predicts": "validation accuracy after the last epoch, seconds of the whole training",
        "models": used,
        "members": len(members),
    }
    write_archive(target, head, members)
    return target


def _collect(source: Path, progress: Progress) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Returns the members of the two ensembles by name, and the kinds of their models."""
    ensembles = _ensembles(source)
    used = {}
    for kind, kinds in (("accuracy", _ACCURACY), ("seconds", _SECONDS)):
        model = next((model for model in kinds if model in ensembles), None)
        if model is None:
            raise MissingDataError(
                f"{source}: no ensemble for {kind}, {' or '.join(kinds)}; there are "
                f"{', '.join(sorted(ensembles)) or 'none'}. Give the folder that holds xgb_v1.0 "
                "and lgb_runtime_v1.0"
            )
        used[kind] = model
    total = sum(file.size for model in used.values() for file in ensembles[model])
    done, members = 0, {}
    progress(done, total)
    with Child(source, total) as child:  # XGBoost runs there
        for kind, model in used.items():
            for number, file in enumerate(ensembles[model]):
                suffix, content = _booster(file.read(), f"{source}: {file.path}", child)
                members[f"{kind}_{number:02}.{suffix}"] = content
                done += file.size
                progress(done, total)
    return members, used


def _ensembles(source: Path) -> dict[str, list[_File]]:
    """Returns the pickles by `model`, as the configurations beside them name it."""
    files = {file.path: file for file in _files(source) if not is_leftover(file.path)}
    found: dict[str, list[_File]] = {}
    for path in sorted(files):
        config = files.get(path.with_name(_CONFIG))
        if path.name != _MODEL or config is None:
            continue
        try:
            model = str(json.loads(config.read())["model"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CorruptDataError(f"{source}: {config.path} names no model; {error}") from error
        found.setdefault(model, []).append(files[path])
    return found


def _files(source: Path) -> Iterator[_File]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                inner = PurePosixPath(path.relative_to(source).as_posix())
                yield _File(inner, path.stat().st_size, path.read_bytes)
    elif source.is_file() and zipfile.is_zipfile(source):
        with reading(source, size_of(source)), zipfile.ZipFile(source) as archive:
            infos = archive.infolist()
        for info in infos:
            read = partial(_unpack, source, info.filename)
            yield _File(PurePosixPath(info.filename), info.file_size, read)


def _unpack(source: Path, name: str) -> bytes:
    with reading(f"{source}: {name}", size_of(source)), zipfile.ZipFile(source) as archive:
        return archive.read(name)


def _booster(content: bytes, where: str, child: Child) -> tuple[str, bytes]:
    """Returns the suffix and the content of the booster in a pickle.

    Both kinds predict with all trees they hold: LightGBM drops those after the best iteration when
    training ends, and XGBoost 1 uses them.
    """
    with reading(where, len(content)):
        for _, value, _ in pickletools.genops(content):
            if isinstance(value, bytes | bytearray) and is_binary(bytes(value)):
                model = to_json(bytes(value), COLUMNS, where)
                return "ubj", child.call(_as_ubj, model)
            if isinstance(value, str) and value.startswith("tree\n"):
                return "txt", value.encode()
    raise CorruptDataError(f"{where}: no booster of XGBoost 1.x or LightGBM in it")


def _as_ubj(model: bytes) -> bytes:
    """Returns a JSON model in XGBoost's binary form of it, which is smaller and faster to read."""
    booster = extra("xgboost", "boost", FEATURE).Booster()
    booster.load_model(bytearray(model))
    return bytes(booster.save_raw("ubj"))
