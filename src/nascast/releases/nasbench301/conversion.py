"""The released surrogates of NAS-Bench-301, of the authors and of YAHPO Gym, as archives."""

from pathlib import Path

from nascast.benchmarks.nasbench301 import NasBench301
from nascast.core.errors import MissingDataError
from nascast.core.leftovers import is_leftover
from nascast.releases.catalogue import Download, Progress, Release
from nascast.releases.nasbench301.network import convert_network
from nascast.releases.nasbench301.trees import convert_trees, released

__all__ = ["release"]

_DOWNLOADS = (
    Download(
        "nb301",
        "YAHPO Gym's surrogate, with learning curves: the folder nb301 with an .onnx file of "
        "two outputs and its encoding",
        url=None,
        sha256=None,
        size=None,
        page="https://github.com/slds-lmu/yahpo_data",
    ),
    Download(
        "nasbench301_models_v1.0.zip",
        "the authors' ensembles of XGBoost (accuracy) and LightGBM (runtime)",
        url="https://ndownloader.figshare.com/files/24992018",
        sha256=None,
        size=None,
        page="https://figshare.com/articles/software/nasbench301_models_v1_0_zip/13061510",
    ),
)


def convert(source: Path, folder: Path, progress: Progress) -> list[Path]:
    """Converts a surrogate, from YAHPO Gym or the authors' archive; returns what was written."""
    model = _onnx_file(source)
    if model is not None:
        return [convert_network(model, folder / NasBench301.surrogates["yahpo"], progress)]
    archives = _inside(source, "*.zip")
    for place in (source, *archives):
        if released(place):
            return [convert_trees(place, folder / NasBench301.surrogates["trees"], progress)]
    raise MissingDataError(
        f"{source}: neither an .onnx file of YAHPO Gym nor the surrogates of nb_models_1.0"
    )


def _inside(source: Path, pattern: str) -> list[Path]:
    every = source.glob(pattern) if source.is_dir() else ()
    return sorted(path for path in every if not is_leftover(path.name))


def _onnx_file(source: Path) -> Path | None:
    if source.suffix == ".onnx":
        return source
    found = _inside(source, "*.onnx")
    if len(found) > 1:
        raise MissingDataError(
            f"{source} has {len(found)} models; give the path of one of "
            f"{', '.join(path.name for path in found)}"
        )
    return found[0] if found else None


release = Release(NasBench301, _DOWNLOADS, convert)
