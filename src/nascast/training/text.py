"""Text for language models, word by word."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.stamp import stamp
from nascast.core.types import STEPS, Batch
from nascast.training.text_files import files_of

__all__ = ["FORM", "TextData", "columns", "open_text", "text_batch"]

END, UNKNOWN = "<eos>", "<unk>"  # as Penn Treebank and WikiText-2 are prepared
FORM = (
    "for recurrent cells a text, .txt or .tokens, or a folder with one each for train, valid and "
    "test"
)


@dataclass(frozen=True, slots=True, eq=False)
class TextData:
    """Words as int64 numbers, ``(n,)`` for each part.

    Attributes:
        train: words to train on.
        validation: words to choose by.
        test: words for the final score.
        words: words of the vocabulary, by number.
        fingerprint: SHA-256 of the three texts.
    """

    train: Tensor
    validation: Tensor
    test: Tensor
    words: tuple[str, ...]
    fingerprint: str

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""
        return self.train.device

    def told(self) -> str:
        """Returns what was read, such as ``217,646 words, 13,777 different ones``."""
        count = sum(map(len, (self.train, self.validation, self.test)))
        return f"{count:,} words, {len(self.words):,} different ones"


def open_text(source: str, device: str = "cpu", seen: str | None = None) -> TextData:
    """Returns a text whose words are separated by blanks; every line ends with ``<eos>``.

    The source is a folder with one file each that has ``train``, ``valid`` and ``test`` in its
    name, such as ``ptb.train.txt`` or ``wiki.valid.tokens`` (or ending in ``.text``), or a single
    file: its last tenth of lines is the test part, the tenth before that is for validation (chosen;
    not drawn, since neighbouring sentences belong together). The vocabulary is that of the training
    part; other words are ``<unk>``.

    Args:
        source: source of the text.
        device: name of the device on which it is.
        seen: what `stamp` said of the source when it was first opened, see `open_data`.

    Raises:
        MissingDataError: there is no such file or folder, or one of the three files is missing.
        CorruptDataError: it is not text in UTF-8, or a part has no words.
        InvalidSettingError: more than one file of a folder fits a part.
    """
    return _opened(source, device, stamp(source) if seen is None else seen)


@lru_cache(maxsize=2)
def _opened(source: str, device: str, stamp: str) -> TextData:
    """Returns what `open_text` does; the last two are kept while their files are as they were."""
    path = Path(source)
    if path.is_dir():
        lines = [_lines(file) for file in files_of(path)]
    elif path.is_file():
        every = _lines(path)
        tenth = len(every) // 10
        cuts = (0, len(every) - 2 * tenth, len(every) - tenth, len(every))
        lines = [every[cuts[i] : cuts[i + 1]] for i in range(3)]
    else:
        raise MissingDataError(f"no file or folder {source}; expected text")
    for part, found in zip(("training", "validation", "test"), lines, strict=True):
        if not any(found):
            raise CorruptDataError(f"{source}: the {part} part has no words")
    texts = [[word for line in found for word in (*line, END)] for found in lines]
    words = tuple(dict.fromkeys([*texts[0], UNKNOWN]))
    number = {word: i for i, word in enumerate(words)}
    unknown = number[UNKNOWN]
    parts = [
        torch.from_numpy(np.asarray([number.get(word, unknown) for word in text], dtype=np.int64))
        for text in texts
    ]
    digest = hashlib.sha256("\0".join(" ".join(text) for text in texts).encode())
    train, validation, test = (part.to(device) for part in parts)
    return TextData(train, validation, test, words, digest.hexdigest())


def columns(tokens: Tensor, count: int) -> Tensor:
    """Returns ``(n // count, count)``: the text cut into so many columns, read downwards.

    Raises:
        InvalidSettingError: a column would have less than two words.
    """
    rows = len(tokens) // count
    if rows < 2:
        raise InvalidSettingError(
            f"{count} columns of text asked for; {len(tokens)} words are too few"
        )
    return tokens[: rows * count].view(count, rows).t().contiguous()


def text_batch(data: TextData, size: int, seed: int = 0) -> Batch:
    """Returns a batch of pieces of the training part, drawn by `seed`, for zero-cost proxies.

    Args:
        data: text that they are from.
        size: number of pieces; each has `STEPS` words and is a column of the batch.
        seed: seed of the draw; no two pieces begin at one place.

    Raises:
        InvalidSettingError: the text is too short for so many.
    """
    starts = len(data.train) - STEPS
    if size > starts:
        raise InvalidSettingError(
            f"a batch of {size} pieces of {STEPS} words from {len(data.train)} words"
        )
    chosen = np.random.default_rng(seed).permutation(starts)[:size]
    words = data.train.cpu().numpy()[chosen + np.arange(STEPS + 1)[:, None]]
    source = f"{size} pieces of {STEPS} words of text {data.fingerprint[:12]} (seed {seed})"
    return Batch(words[:-1], words[1:], source)


def _lines(path: Path) -> list[list[str]]:
    """Returns the words of each line, blank lines included, as WikiText-2 is counted."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptDataError(f"{path} cannot be read as text in UTF-8; {error}") from error
    return [line.split() for line in text.removesuffix("\n").split("\n")]
