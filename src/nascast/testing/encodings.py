"""The promises of an encoding. Every check takes the encoding, and a space to encode."""

import numpy as np

from nascast.core.feature import Encoding
from nascast.core.ledger import Ledger
from nascast.core.space import SearchSpace
from nascast.core.types import Genes, Objective
from nascast.testing.doubles import TinyBenchmark, TinySpace

_ROWS = 32  # chosen


def check_shape(encoding: Encoding, space: SearchSpace | None = None) -> None:
    """Encodings are finite numbers of shape ``(n, d)``, with the same d for every n."""
    space, genes = _sample(space)
    found = encoding.encode(space, genes)
    assert found.shape[0] == len(genes), f"{len(genes)} rows gave shape {found.shape}"
    assert found.ndim == 2, f"expected shape (n, d); got {found.shape}"
    assert found.shape[1] > 0, "an encoding needs at least one column"
    assert np.isfinite(found).all(), "an encoding has a number that is not finite"
    none = encoding.encode(space, genes[:0]).shape
    assert none == (0, found.shape[1]), f"no rows gave shape {none}"


def check_row_by_row(encoding: Encoding, space: SearchSpace | None = None) -> None:
    """A row's encoding does not depend on the batch around it."""
    space, genes = _sample(space)
    single = np.concatenate([encoding.encode(space, row[None]) for row in genes])
    assert np.array_equal(encoding.encode(space, genes), single), "the batch changed an encoding"


def check_repeatable(encoding: Encoding, space: SearchSpace | None = None) -> None:
    """Encoding twice gives the same, leaves the rows as they were, and shares no memory."""
    space, genes = _sample(space)
    genes.flags.writeable = False  # an attempt to write raises
    first = encoding.encode(space, genes)
    again = encoding.encode(space, genes)
    assert np.array_equal(first, again), "encoding the same rows twice gave something else"
    assert not np.shares_memory(first, again), "two calls returned the same memory"


def check_architectures_differ(encoding: Encoding, space: SearchSpace | None = None) -> None:
    """Encodings of different architectures are not all the same."""
    space, genes = _sample(space)
    distinct = np.unique(encoding.encode(space, genes), axis=0)
    assert len(distinct) > 1, "all architectures have the same encoding"


def check_is_a_feature(encoding: Encoding, space: SearchSpace | None = None) -> None:
    """As a feature it gives float64, of canonical rows unless it says so, without training."""
    benchmark = TinyBenchmark()
    genes = benchmark.genes()[:_ROWS]
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        found = encoding(ledger, genes)
    assert found.dtype == np.float64, f"expected float64; got {found.dtype}"
    rows = benchmark.space.canonical(genes) if encoding.canonical else genes
    assert np.array_equal(found, encoding.encode(benchmark.space, rows)), "encode gives another"
    assert ledger.seconds["query"] == 0, "an encoding should read no trainings"


def _sample(space: SearchSpace | None) -> tuple[SearchSpace, Genes]:
    space = TinySpace() if space is None else space
    return space, space.sample(_ROWS, np.random.default_rng(0))
