"""Operations of NAS-Bench-201 by their names, and terms of them with any signs between them."""

import re

from nascast.core.literal import LiteralError
from nascast.spaces.nasbench201.cell import EDGES, NONE, OPERATIONS, SKIP

__all__ = ["EDGE", "NAMES", "OPERATION", "pairs_in", "read_terms"]

NAMES = {  # of the operations: the official ones, NNI's, and the classes of NASLib
    **{name: gene for gene, name in enumerate(OPERATIONS)},
    **{"conv_1x1": 2, "conv_3x3": 3, "conv1x1": 2, "conv3x3": 3, "avgpool3x3": 4},
    **{"zero": NONE, "skip": SKIP, "identity": SKIP, "avg_pool": 4},
    **{"reluconvbn1x1": 2, "reluconvbn3x3": 3, "avgpool1x1": 4},
}
OPERATION = "|".join(sorted(NAMES, key=len, reverse=True))  # any of them, as a pattern
EDGE = r"(?<![A-Za-z])[A-Za-z]*[0-9]\s*(?:<-|->|[-_→>~])\s*[0-9]"
_TERM = re.compile(rf"(?<!\w)({OPERATION})\s*[~:@_]\s*([0-2])(?!\w)", re.IGNORECASE)
_PAIR = re.compile(
    rf"['\"]?({EDGE})['\"]?\s*[:=,]\s*['\"]?({OPERATION})(?!\w)['\"]?", re.IGNORECASE
)


def pairs_in(text: str) -> list[tuple[str, str]]:
    """Returns edges and operations of a text that has nothing else but signs between them.

    Raises:
        LiteralError: there is something else.
    """
    rest = _PAIR.sub("", text).strip(" \t\r\n,;|[]()-")
    if rest:
        raise LiteralError(f"expected edges such as 0_1: none; there is {rest[:30]!r}")
    return [(found[1], found[2]) for found in _PAIR.finditer(text)]


def read_terms(text: str) -> list[int]:
    """Reads ``op~vertex`` of all six edges, whatever signs are between them.

    Raises:
        LiteralError: they are not the terms of a cell, in its order of vertices.
    """
    terms = [(int(found[2]), found[1].lower()) for found in _TERM.finditer(text)]
    rest = re.sub(r"[|+/,;\s()\[\]]", "", _TERM.sub("", text))
    if len(terms) != len(EDGES) or rest:
        raise LiteralError(
            f"expected six terms such as none~0, with bars between them; there are {len(terms)}"
            f"{f', and {rest[:30]!r}' if rest else ''}"
        )
    groups = [len(_TERM.findall(group)) for group in text.split("+")]
    if groups not in ([6], [1, 2, 3]):
        raise LiteralError(f"expected groups of 1, 2 and 3 terms; got {groups}")
    row, at = list[int](), 0
    for stop in (1, 2, 3):
        here = dict(terms[at : at + stop])
        if sorted(here) != list(range(stop)):
            raise LiteralError(f"vertex {stop} reads each of 0 to {stop - 1} once")
        row += [NAMES[here[start]] for start in range(stop)]
        at += stop
    return row
