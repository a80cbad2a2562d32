"""What the spaces make of the same generator is pinned, so that whoever makes them faster notices.

The digests in `same_as_before.json` were made by version 0.1 before any of its loops was replaced.
They change only with a decision to draw otherwise, which the change log then names; running this
file writes them anew.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nascast.core import plugins
from nascast.core.space import SearchSpace

DIGESTS = Path(__file__).with_name("same_as_before.json")
SPACES = (
    *("darts", "hierarchical", "layerwise", "morphism", "nasbench101", "nasbench201"),
    *("nasbench_nlp", "nasnet", "nats_size", "recurrent_tree"),
)
SIZES = (0, 1, 1000)


def digest(*arrays: npt.ArrayLike) -> str:
    """Returns a short digest of the values, types and shapes of some arrays."""
    found = hashlib.sha256()
    for array in map(np.ascontiguousarray, arrays):
        found.update(f"{array.dtype.str} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()[:16]


def results(space: SearchSpace) -> Iterator[tuple[str, str]]:
    """Yields the digests by method and number of rows.

    The next random number is part of them: who draws more or fewer changes what comes after.
    """
    for n in SIZES:
        rng = np.random.default_rng([20, n])
        genes = space.sample(n, rng)
        yield f"sample {n}", digest(genes, rng.random())
        mutated = space.mutate(genes, rng)
        yield f"mutate {n}", digest(mutated, rng.random())
        yield f"canonical {n}", digest(space.canonical(genes), space.canonical(mutated))
    rng = np.random.default_rng(21)
    singles = [space.sample(1, rng) for _ in range(20)]
    yield "sample, row by row", digest(np.concatenate(singles), rng.random())
    children = [space.mutate(row, rng) for row in singles]
    yield "mutate, row by row", digest(np.concatenate(children), rng.random())
    yield "canonical, row by row", digest(np.concatenate([*map(space.canonical, singles)]))
    yield "neighbors", digest(np.concatenate([space.neighbors(row[0]) for row in singles[:3]]))


@pytest.mark.parametrize("name", SPACES)
def test_a_generator_leads_to_what_it_led_to(name: str) -> None:
    expected = json.loads(DIGESTS.read_text())[name]
    found = dict(results(plugins.load("space", name)))
    assert [key for key in found if found[key] != expected[key]] == []


if __name__ == "__main__":
    every = {name: dict(results(plugins.load("space", name))) for name in SPACES}
    DIGESTS.write_text(json.dumps(every, indent=1) + "\n")
