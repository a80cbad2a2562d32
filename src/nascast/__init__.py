"""nascast: performance predictors and search strategies for neural architecture search."""

TYPE_CHECKING = False  # typing takes milliseconds, in which nobody would meet Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from nascast.core.errors import NascastError as NascastError
    from nascast.core.ledger import Ledger as Ledger
    from nascast.core.plugins import load as load
    from nascast.core.plugins import names as names
    from nascast.core.types import Architecture as Architecture
    from nascast.core.types import Batch as Batch
    from nascast.core.types import ImageTask as ImageTask
    from nascast.core.types import Objective as Objective
    from nascast.core.types import TextTask as TextTask
    from nascast.report.notebook import view as view
    from nascast.runner import Budget as Budget
    from nascast.runner import run as run
    from nascast.studies.asktell.plan import Plan as Plan
    from nascast.studies.asktell.results import Result as Result
    from nascast.studies.asktell.search import AskTell as AskTell
    from nascast.studies.frames import to_pandas as to_pandas
    from nascast.studies.predictors.design import Study as Study
    from nascast.studies.predictors.run import compare as compare

__version__ = "0.1.0"

_HOME = {
    "Architecture": "nascast.core.types",
    "AskTell": "nascast.studies.asktell.search",
    "Batch": "nascast.core.types",
    "Budget": "nascast.runner",
    "ImageTask": "nascast.core.types",
    "Ledger": "nascast.core.ledger",
    "NascastError": "nascast.core.errors",
    "Objective": "nascast.core.types",
    "Plan": "nascast.studies.asktell.plan",
    "Result": "nascast.studies.asktell.results",
    "TextTask": "nascast.core.types",
    "Study": "nascast.studies.predictors.design",
    "compare": "nascast.studies.predictors.run",
    "load": "nascast.core.plugins",
    "names": "nascast.core.plugins",
    "run": "nascast.runner",
    "to_pandas": "nascast.studies.frames",
    "view": "nascast.report.notebook",
}
__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> "Any":
    """Imports public names on first use, so that `import nascast` stays fast."""
    if name not in _HOME:
        raise AttributeError(f"module 'nascast' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
