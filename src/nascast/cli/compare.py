"""``nascast compare``."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._options import names, whole_numbers

if TYPE_CHECKING:
    from nascast.studies.study import Study

__all__ = ["compare"]

_ALL = "xgboost,jacov,synflow,sotl_e,early_stop_accuracy,omni"


def compare(
    benchmark: Annotated[
        str, typer.Option(help="Registered benchmark, or the path of a table.")
    ] = "nb201-mini",
    predictors: Annotated[str, typer.Option(help="Names joined by commas.")] = _ALL,
    train_sizes: Annotated[
        str, typer.Option(help="Labels at initialization, for predictors that learn from labels.")
    ] = "20,100",
    epochs: Annotated[
        str, typer.Option(help="Partial training at query, for those that read learning curves.")
    ] = "2,6",
    trials: Annotated[int, typer.Option(help="Repetitions with other architectures.")] = 5,
    seed: Annotated[int, typer.Option(help="Of all trials.")] = 0,
    test_size: Annotated[int, typer.Option(help="Architectures in a test set.")] = 200,
    metric: Annotated[str, typer.Option(help="What to predict.")] = "val_accuracy",
    images: Annotated[
        Path | None,
        typer.Option(help="Images (.npz) for zero-cost proxies; without, a seeded random batch."),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Images in the proxies' batch.")] = 64,
    workers: Annotated[int, typer.Option(help="Processes; 0 is one for each core.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/compare"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Compare performance predictors over budgets and trials on one benchmark.

    Writes results.parquet (a row for each predictor, budget and trial) and report.html into --out.
    A run that was stopped, or killed, goes on with the same command.

    Example: nascast compare --predictors xgboost,jacov --train-sizes 50 --out runs/first
    """
    from nascast.studies.study import Study

    study = Study(
        benchmark=benchmark,
        predictors=names(predictors, "--predictors"),
        train_sizes=whole_numbers(train_sizes, "--train-sizes"),
        epochs=whole_numbers(epochs, "--epochs"),
        trials=trials,
        seed=seed,
        test_size=test_size,
        metric=metric,
        images=str(images) if images else None,
        batch_size=batch_size,
    )
    rows = _run(study, out, workers or os.cpu_count() or 1)

    from nascast.report.html import write_report
    from nascast.report.summary import read_run, summarize

    page = write_report(out)
    head, _ = read_run(out)
    if as_json:
        typer.echo(json.dumps(_plain(head, rows), indent=1))
    else:
        _print(head, summarize(rows), rows, out, page)


def _run(study: "Study", out: Path, workers: int) -> list[dict[str, Any]]:
    import nascast
    from nascast.cli._progress import bars
    from nascast.executors.processes import Processes
    from nascast.studies.compare import compare as run
    from nascast.studies.study import Progress, modules_of

    home = Path(os.environ.get("NASCAST_CACHE", Path.home() / ".cache" / "nascast"))
    cache = home / f"proxies-{nascast.__version__}.jsonl"
    try:
        home.mkdir(parents=True, exist_ok=True)
        cache.touch()
    except OSError:
        cache = out / "proxies.jsonl"  # a cache that cannot be written is no reason to stop
    with bars() as shown, Processes(workers, preload=modules_of(study)) as executor:
        current = [None]

        def start(name: str, steps: int) -> None:
            current[0] = shown.add_task(name, total=steps)  # type: ignore[call-overload]

        def advance(steps: int) -> None:
            shown.advance(current[0], steps)  # type: ignore[arg-type]

        return run(study, out, executor, progress=Progress(start, advance), cache=cache)


def _plain(head: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    from dataclasses import asdict

    from nascast.report.summary import failures, summarize

    return {
        "settings": head["settings"],
        "noise_ceiling": head["noise_ceiling"],
        "batch": head["batch"],
        "summary": [asdict(item) for item in summarize(rows)],
        "not_run": [
            {"predictor": key[0], "train_size": key[1], "epochs": key[2], "reason": reason}
            for key, reason in failures(rows).items()
        ],
    }


def _print(
    head: dict[str, Any], summaries: Any, rows: list[dict[str, Any]], out: Path, page: Path
) -> None:
    from rich.console import Console
    from rich.table import Table

    from nascast.core.errors import UnsupportedError
    from nascast.report.summary import duration, failures

    console = Console()
    table = Table("predictor", box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name in ("labels", "epochs", "Kendall τ", "±", "Spearman", "init", "query"):
        table.add_column(name, justify="right", no_wrap=True)
    for item in sorted(summaries, key=lambda item: -item.kendall):
        spread = "" if item.kendall_sd is None else f"{item.kendall_sd:.3f}"
        budget = ["" if b is None else str(b) for b in (item.train_size, item.epochs)]
        times = [duration(item.init_seconds), duration(item.query_seconds)]
        scores = [f"{item.kendall:.3f}", spread, f"{item.spearman:.3f}"]
        table.add_row(item.predictor, *budget, *scores, *times)
    if table.row_count:
        console.print(table)
    refused = {(name, epochs, why): None for (name, _, epochs), why in failures(rows).items()}
    for name, epochs, why in refused:
        at = f" (epochs {epochs})" if epochs else ""
        console.print(f"not run: {name}{at}: {why}", style="yellow", highlight=False)
    if head["noise_ceiling"]:
        tau, cells = head["noise_ceiling"]
        console.print(f"noise ceiling: τ = {tau:.3f} between two trainings of {cells} cells")
    if any(row.get("batch") for row in rows):
        console.print(f"zero-cost proxies: {head['batch']}", highlight=False)
    console.print(f"written: {out / 'results.parquet'}, {page}", highlight=False)
    if not table.row_count:
        raise UnsupportedError("no predictor could run on this benchmark; the reasons stand above")
