"""The evidence that the cells of a study read: records behind a ledger, and a batch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nascast.core.evaluator import Benchmark
from nascast.core.kept import Kept
from nascast.core.ledger import Ledger, Memo
from nascast.core.types import Batch, Genes, Objective
from nascast.studies.artefacts import ArtefactFolder
from nascast.studies.predictors.design import RANDOM, RECORDED, Study
from nascast.studies.records import open_benchmark

if TYPE_CHECKING:
    from nascast.training.data import ImageData, Split

__all__ = ["Evidence", "Opener", "benchmark_of"]

Opener = Callable[[Study], Benchmark]  # opens the records of a study, here and in workers


def benchmark_of(study: Study) -> Benchmark:
    """Returns the benchmark that the study names."""
    return open_benchmark(study.benchmark)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of a study; small to send to a worker, which opens the records there.

    Attributes:
        study: settings of the study.
        batch: minibatch for zero-cost proxies.
        artefacts: folder of artefacts that are trained once for all cells, such as a supernet.
        opener: function that returns the records; it is called in every task, and should keep what
            takes long to open.
        within: canonical rows to which the study is restricted, ``(m, length)``; None are all.
    """

    study: Study
    batch: Batch
    artefacts: Path
    opener: Opener
    within: Genes | None = None

    def records(self) -> Benchmark:
        """Returns the records, opened in this process."""
        return self.opener(self.study)

    def objective(self) -> Objective:
        """Returns the objective that the predictors are to predict."""
        metric = self.study.metric
        return Objective(metric, self.records().describe(metric).minimize)

    def ledger(self, memo: Memo | None = None, kept: Kept | None = None) -> Ledger:
        """Returns a new ledger.

        Args:
            memo: proxy scores computed earlier, which is extended.
            kept: what was learned earlier, which is extended.
        """
        images = self.study.images
        trained = images is not None and images not in (RANDOM, RECORDED)
        return Ledger(
            self.records(),
            self.objective(),
            batch=self.batch,
            data=partial(_images, images) if trained and images else None,
            memo=memo,
            artefacts=ArtefactFolder(self.artefacts),
            kept=kept,
            computes=images != RECORDED,
            among=self.within,
        )


def _images(source: str, split: "Split") -> "ImageData":
    """Returns the images of a source; what reads them is imported when they are needed."""
    from nascast.training.data import open_data

    return open_data(source, split)
