"""Changes of a file such as damage, carelessness and malice make."""

import numpy as np

__all__ = ["mutate"]

_NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
_TEXTS = (
    b"nan",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"\0",
    b"../",
    b"[" * 3000,
)
_NESTED = (b"(", b"]", b"\x85", b"[", b"{", b"\x85\x94", b"]\x94")  # of pickles and of JSON
_MOST = 2**17  # bytes that are put in; chosen


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Returns the content with one to three changes, each at a place of its own."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        if not data:
            break
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        kind(data, int(rng.integers(len(data))), rng)
    return bytes(data)


def _flip(data: bytearray, at: int, rng: np.random.Generator) -> None:
    data[at] ^= 1 << int(rng.integers(8))


def _byte(data: bytearray, at: int, rng: np.random.Generator) -> None:
    data[at] = int(rng.integers(256))


def _cut(data: bytearray, at: int, rng: np.random.Generator) -> None:
    del data[at:]


def _drop(data: bytearray, at: int, rng: np.random.Generator) -> None:
    del data[at : at + int(rng.integers(1, 65))]


def _insert(data: bytearray, at: int, rng: np.random.Generator) -> None:
    data[at:at] = rng.bytes(int(rng.integers(1, 17)))


def _copy(data: bytearray, at: int, rng: np.random.Generator) -> None:
    to = int(rng.integers(len(data)))
    data[to:to] = data[at : at + int(rng.integers(1, 257))]


def _number(data: bytearray, at: int, rng: np.random.Generator) -> None:
    """A length, a count or an index becomes one of those that break things."""
    size = int(rng.choice([1, 2, 4, 8]))
    value = _NUMBERS[int(rng.integers(len(_NUMBERS)))] % 2 ** (8 * size)
    order = "little" if rng.integers(2) else "big"
    data[at : at + size] = value.to_bytes(size, "little" if order == "little" else "big")


def _digits(data: bytearray, at: int, rng: np.random.Generator) -> None:
    """A number that is written in digits becomes another one."""
    places = [i for i in range(at, min(at + 200, len(data))) if 48 <= data[i] <= 57]
    if places:
        data[places[0]] = 48 + int(rng.integers(10))


def _text(data: bytearray, at: int, rng: np.random.Generator) -> None:
    text = _TEXTS[int(rng.integers(len(_TEXTS)))]
    data[at : at + int(rng.integers(0, 4))] = text


def _nest(data: bytearray, at: int, rng: np.random.Generator) -> None:
    piece = _NESTED[int(rng.integers(len(_NESTED)))]
    data[at:at] = piece * (int(rng.integers(1, _MOST)) // len(piece))


_KINDS = (_flip, _flip, _byte, _cut, _drop, _insert, _copy, _number, _number, _digits, _text, _nest)
