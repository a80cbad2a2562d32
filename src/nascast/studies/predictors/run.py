"""Running a predictor study: predictors × budgets × trials on one benchmark.

Protocol of White et al. (NeurIPS 2021, https://arxiv.org/abs/2104.01177, section 3): every trial
draws a test set and, apart from it, a nested sequence of training sets; a predictor is initialized
on a training set and queried on the test set; both times are read off its ledger. Deviations: no
training architecture computes what a test architecture does, and correlations keep their sign.
"""

import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from nascast.core import plugins
from nascast.core.errors import (
    InvalidSettingError,
    MissingDataError,
    StoreError,
    UnsupportedError,
)
from nascast.core.evaluator import Benchmark
from nascast.core.executor import Executor
from nascast.core.kept import Kept
from nascast.core.ledger import Memo
from nascast.core.prediction import Prediction
from nascast.core.store import changed_settings
from nascast.core.threads import one_thread
from nascast.core.types import Floats, Genes, Objective
from nascast.core.versions import versions
from nascast.executors.serial import Serial
from nascast.studies.journal import Journal
from nascast.studies.metrics import agreement
from nascast.studies.noise import noise_limits
from nascast.studies.predictors.design import (
    LABELS,
    Cell,
    Study,
    cells,
    predictor_of,
)
from nascast.studies.predictors.evidence import Evidence, Opener, benchmark_of
from nascast.studies.predictors.head import HEAD, Head, read_head, write_head
from nascast.studies.predictors.order import Group, Order, group_of
from nascast.studies.predictors.results import (
    TABLE,
    Result,
    check_axes,
    from_record,
    to_record,
    write_results,
)
from nascast.studies.predictors.scores import Scores
from nascast.studies.predictors.split import batch_of, drawn_from, split
from nascast.studies.predictors.support import Support
from nascast.studies.progress import Progress
from nascast.studies.records import among

__all__ = ["compare", "failed"]


def compare(
    study: Study,
    out: Path,
    executor: Executor | None = None,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    records: Opener = benchmark_of,
) -> list[Result]:
    """Runs the cells not on record in `out`; returns all results, and writes them as Parquet.

    A predictor that cannot work on this benchmark, or fails, gives results with an ``error``; what
    failed is run once more by the next call.

    Args:
        study: settings of the study.
        out: folder for the results; made if needed.
        executor: executor of the cells; None runs them in this process.
        progress: functions that are called with every step.
        cache: file of proxy scores, read and extended; None keeps them in `out`.
        records: function that opens the records, here and in every worker, so that it must pickle;
            by default it opens the benchmark that the study names.

    Raises:
        StoreError: `out` holds another study, or cannot be written.
        InvalidSettingError: the study needs more architectures than the benchmark has.
        UnsupportedError: another version of nascast wrote `out`; or no predictor can work on the
            benchmark, and nothing was written.
    """
    executor = executor or Serial()
    progress = progress or Progress()
    check_axes(study.axes)
    benchmark = records(study)
    benchmark.describe(study.metric)
    grid = cells(study)
    evidence = Evidence(study, batch_of(study, benchmark), out / "artefacts", records)
    memo = Scores(evidence, cache or out / "proxies.jsonl")
    within = memo.within(study.test_size + max(cell.budget.get(LABELS, 0) for cell in grid))
    evidence = replace(evidence, within=within)
    sets = [split(study, benchmark, trial, within) for trial in range(study.trials)]
    support = Support(evidence, memo, sets[0][0][:1])
    if not (out / HEAD).exists() and len(refused := support.refusals(grid)) == len(grid):
        raise UnsupportedError(_none(benchmark, refused))
    journal = _begin(evidence, out, within)
    known = {result.cell: result for result in _kept(journal, study) if result.error is None}
    todo = [cell for cell in grid if cell not in known]
    refused = support.refusals(todo)
    known |= {cell: _failed(study, cell, reason) for cell, reason in refused.items()}
    todo = [cell for cell in todo if cell not in refused]
    memo.measure(todo, sets, executor, progress, read=support.proxies)
    progress.start("predictors", len(grid))
    progress.advance(len(grid) - len(todo))

    def submit(cell: Cell) -> None:
        call = partial(_run_cell, evidence, cell, *sets[cell.trial], memo.part(cell, sets, within))
        executor.submit(cell, call)

    for done in Order(todo).run(executor, submit):
        cell = cast(Cell, done.task)
        known[cell] = _failed(study, cell, done.error) if done.error else done.value
        journal.append(to_record(known[cell], study.axes))
        progress.advance(1)
    ordered = [known[cell] for cell in grid]
    _finish(study, ordered, out)
    return ordered


def failed(study: Study, out: Path) -> bool:
    """Whether a cell on record failed in its last run; refusals of evidence are not on record."""
    last = {result.cell: result for result in _kept(Journal(out / "cells.jsonl"), study)}
    return any(last[cell].error is not None for cell in last.keys() & set(cells(study)))


def _begin(evidence: Evidence, out: Path, within: Genes | None) -> Journal:
    """Makes the folder of a study, or finds the same study in it; returns its journal."""
    settings = json.loads(json.dumps(evidence.study.described()))
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / HEAD).exists():
            before, batch = read_head(out), _batch_words(evidence, within)
            more = before.settings.get("trials", 0) < settings["trials"]  # which change no others
            same = {**before.settings, **({"trials": settings["trials"]} if more else {})}
            changed = changed_settings(same, settings)
            if before.batch != batch:  # of which the test sets may depend
                changed = changed or f"batch was {before.batch}, is {batch}"
            if changed:
                raise StoreError(
                    f"{out} holds another study: {changed}; choose another folder with --out"
                )
        else:
            write_head(_head(evidence, settings, within), out)
        journal = Journal(out / "cells.jsonl")
        journal.path.touch()
    except MissingDataError:  # an OSError, and not about writing
        raise
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; choose --out") from error
    return journal


def _finish(study: Study, results: list[Result], out: Path) -> None:
    """Writes the results; only now a folder with fewer trials is one with more.

    Until then its page, and the command that made it, are of the trials that are in the table.
    """
    head = read_head(out)
    if head.settings["trials"] < study.trials:
        write_head(replace(head, settings={**head.settings, "trials": study.trials}), out)
    write_results(results, list(study.axes), out / TABLE)


def _head(evidence: Evidence, settings: dict[str, Any], within: Genes | None) -> Head:
    benchmark = evidence.records()
    return Head(
        settings=settings,
        benchmark=benchmark.name,
        unit=benchmark.metrics[evidence.study.metric].unit,
        batch=_batch_words(evidence, within),
        noise=noise_limits(benchmark, evidence.objective()),
        versions=versions(),
        aim=benchmark.metrics[evidence.study.metric].aim,
        space=benchmark.space.name,
        drawn=drawn_from(evidence.study, benchmark, within),
    )


def _batch_words(evidence: Evidence, within: Genes | None) -> str:
    """Returns where the inputs of proxies are from, and which architectures have scores."""
    batch = evidence.batch.source
    if within is None:
        return batch
    rows = f"{len(within):,} architectures (CRC-32 {zlib.crc32(within.tobytes()):08x})"
    return f"{batch}; recorded scores of {rows}, among which all are drawn"


def _kept(journal: Journal, study: Study) -> Iterator[Result]:
    """Yields the results on record."""
    for record in journal.read():
        if "predictor" in record:
            yield from_record(record, study.axes)


def _none(benchmark: Benchmark, refused: Mapping[Cell, str]) -> str:
    """Returns that no predictor can work, and why."""
    reasons = {str(cell.predictor): reason for cell, reason in refused.items()}
    told = "; ".join(f"{predictor}: {reason}" for predictor, reason in reasons.items())
    return f"no predictor could run on {benchmark.name}, and nothing was written; {told}"


def _run_cell(evidence: Evidence, cell: Cell, test: Genes, train: Genes, memo: Memo) -> Result:
    """Returns the result of initializing and querying a predictor; runs in a worker."""
    study, records, objective = evidence.study, evidence.records(), evidence.objective()
    ledger = evidence.ledger(memo, _learned(group_of(cell)) if cell.settings else None)
    predictor = predictor_of(cell)
    size = cell.budget.get(LABELS, 0)
    key = [study.seed, cell.trial, size, zlib.crc32(str(cell.predictor).encode())]
    for rows in (test, train):  # the next predictor has the same: an attempt to write raises
        rows.flags.writeable = False
    # Measured seconds must not depend on what else runs.
    with one_thread(*predictor.modules):
        with ledger.phase("init"):
            predictor.initialize(ledger, train[:size], np.random.default_rng(key))
        with ledger.phase("query"):
            predicted = _checked(predictor.query(ledger, test), len(test))
    deviation = predicted.deviation
    values = records.query(test, study.metric)
    unit = records.describe(study.metric).unit
    true = -values if objective.minimize else values  # scores, as the predictions are
    return Result(
        **_shared(study, cell),
        **agreement(  # type: ignore[arg-type]
            predicted.mean, true, unit, ranks_only=predictor.ranks_only
        ),
        **_against_another(records, objective, test, predicted.mean),
        reads_target="query" in ledger.trained,
        init_seconds_total=ledger.seconds["init"],
        query_seconds_each=ledger.seconds["query"] / len(test),
        batch=evidence.batch.source if ledger.scored else "",
        architectures=tuple(records.space.to_text(test)),
        predicted=tuple(predicted.mean.tolist()),
        deviation=None if deviation is None else tuple(deviation.tolist()),
        true=tuple(true.tolist()),
        versions=json.dumps(versions()),
    )


def _checked(found: object, count: int) -> Prediction:
    """Returns what a query gave, if it is a prediction of that many architectures."""
    if isinstance(found, Prediction) and len(found) == count:
        return found
    many = f" of {len(found)}" if isinstance(found, Prediction) else ""
    raise InvalidSettingError(
        f"a query returns a Prediction of the {count} architectures that it is given; got a "
        f"{type(found).__name__}{many}"
    )


@lru_cache(maxsize=1)
def _learned(group: Group) -> Kept:
    """Returns what cells of the group that this process works on have learned."""
    return Kept()


def _against_another(
    records: Benchmark, objective: Objective, test: Genes, predicted: Floats
) -> dict[str, Any]:
    """Judges predictions by another training than the first, of what was trained twice."""
    try:
        there = among(records.recorded(objective.metric, 1), test)
    except UnsupportedError:
        there = np.zeros(len(test), dtype=bool)
    if there.sum() < 2:
        return {"other_size": int(there.sum()), "kendall_other": math.nan}
    other = records.query(test[there], objective.metric, seed=1)
    true = -other if objective.minimize else other
    tau = agreement(predicted[there], true)["kendall"]
    return {"other_size": int(there.sum()), "kendall_other": tau}


def _failed(study: Study, cell: Cell, reason: str) -> Result:
    return Result(**_shared(study, cell), error=reason)


def _shared(study: Study, cell: Cell) -> dict[str, Any]:
    """Returns the columns of a result that follow from its cell."""
    spec = cell.predictor
    return {
        "predictor": str(spec),
        "predictor_name": spec.name,
        "predictor_settings": json.dumps(spec.json()["settings"]),
        "family": plugins.family("predictor", spec.name),
        "budget": cell.budget,
        "trial": cell.trial,
        "seed": study.seed,
        "test_size": study.test_size,
    }
