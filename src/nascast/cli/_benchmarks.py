"""What ``nascast list benchmarks`` says of each benchmark."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nascast.cli.official import state

if TYPE_CHECKING:
    from nascast.core.evaluator import Benchmark

__all__ = ["facts_of", "score_words", "scores_of", "words_of"]


def facts_of(name: str) -> list[dict[str, Any]]:
    """Returns facts of a benchmark as JSON values, one for each data set in the package.

    A benchmark that is not in the package is not opened: what it records stands in its class, and
    its files may be large.
    """
    from nascast.core import plugins
    from nascast.core.evaluator import Benchmark

    found = state(name)
    family = plugins.family("benchmark", name)
    component = plugins.resolve("benchmark", name)
    if found["state"] != "embedded":
        summary = (component.__doc__ or "").strip().partition("\n")[0]
        return [{"name": name, "family": family, "state": found["state"], "records": summary}]
    several = isinstance(component, type) and issubclass(component, Benchmark)  # or a function
    names = [f"{name}:{data}" for data in (component.datasets if several else ())] or [name]
    return [
        {"name": name, "family": family, "state": found["state"], **_embedded(one)} for one in names
    ]


def _embedded(name: str) -> dict[str, Any]:
    """Returns the facts of a table in the package, and of the zero-cost scores beside it."""
    from nascast.benchmarks.table import Table
    from nascast.studies.records import open_benchmark

    table = open_benchmark(name)
    provenance = table.provenance
    return {
        "spec": name,
        "space": table.space.name,
        "rows": len(table.genes()),
        "bytes": os.path.getsize(table.path) if isinstance(table, Table) else None,
        "records": provenance.get("records"),
        "metrics": list(table.metrics),
        "source": provenance.get("source"),
        "licence": provenance.get("licence"),
        "scores": scores_of(table),
    }


def scores_of(benchmark: "Benchmark") -> dict[str, Any] | None:
    """Returns what zero-cost scores are recorded beside a benchmark, as JSON values, or None."""
    from nascast.studies.records import recorded_contents

    found = recorded_contents(benchmark)
    if found is None:
        return None
    return {"rows": found.rows, "proxies": found.proxies, "batch": found.batch}


def score_words(scores: Mapping[str, Any] | None) -> str:
    """Writes them for people; nothing where there are none."""
    if scores is None:
        return ""
    return f"{len(scores['proxies'])} zero-cost scores of {scores['rows']:,} cells"


def words_of(row: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Returns what people read of a benchmark: its name and size, and lines that may be long."""
    if "spec" not in row:
        return row["name"], [f"{row['state']}: {row['records']}"]
    size = "" if row["bytes"] is None else f", {row['bytes'] / 1e6:.2f} MB"
    told = "; ".join(filter(None, [row["records"], score_words(row["scores"])]))
    origin = f"{row['licence']}; {row['source']}"
    return f"{row['spec']}  {row['rows']:,} rows{size}", [told, origin]
