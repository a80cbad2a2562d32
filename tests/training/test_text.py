"""Text is cut into words and columns as the word-level data sets are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.types import STEPS
from nascast.training.text import TextData, columns, open_text, text_batch
from nascast.training.text_files import is_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ptb.train.txt").write_text("the cat sat\n\nthe dog\n")
    (tmp_path / "ptb.valid.txt").write_text("the fish sat\n")
    (tmp_path / "ptb.test.txt").write_text("a dog")
    (tmp_path / "README").write_text("train")
    return tmp_path


def words(data: TextData, part: torch.Tensor) -> str:
    return " ".join(data.words[i] for i in part.tolist())


def test_lines_end_and_unknown_words_are_one(folder: Path) -> None:
    data = open_text(str(folder))
    assert words(data, data.train) == "the cat sat <eos> <eos> the dog <eos>"
    assert words(data, data.validation) == "the <unk> sat <eos>"
    assert words(data, data.test) == "<unk> dog <eos>"
    assert data.words == ("the", "cat", "sat", "<eos>", "dog", "<unk>")
    (folder / "ptb.test.txt").write_text("a cat")
    assert open_text(str(folder)).fingerprint != data.fingerprint


def test_a_batch_is_pieces_of_the_training_part(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("".join(f"w{i}\n" for i in range(100)))
    data = open_text(str(path))
    batch, again, other = (text_batch(data, 5, seed) for seed in (0, 0, 1))
    assert batch.inputs.shape == batch.labels.shape == (STEPS, 5)
    text = data.train.tolist()
    starts = set()
    for inputs, labels in zip(batch.inputs.T.tolist(), batch.labels.T.tolist(), strict=True):
        start = next(i for i in range(len(text)) if text[i : i + STEPS] == inputs)
        assert labels == text[start + 1 : start + 1 + STEPS]
        starts.add(start)
    assert len(starts) == 5
    assert np.array_equal(batch.inputs, again.inputs)
    assert not np.array_equal(batch.inputs, other.inputs)
    assert batch.source == f"5 pieces of 35 words of text {data.fingerprint[:12]} (seed 0)"
    most = len(text) - STEPS
    assert text_batch(data, most).inputs.shape == (STEPS, most)
    with pytest.raises(
        InvalidSettingError, match=f"{most + 1} pieces of 35 words from {len(text)}"
    ):
        text_batch(data, most + 1)


def test_one_file_is_cut_at_lines(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("".join(f"w{i}\n" for i in range(25)))
    data = open_text(str(path))
    assert [len(part) for part in (data.train, data.validation, data.test)] == [42, 4, 4]
    assert words(data, data.train).startswith("w0 <eos> w1 <eos>")
    assert set(words(data, data.test).split()) == {"<unk>", "<eos>"}


def test_wikitext_has_its_published_number_of_words(shared_data: Path, tmp_path: Path) -> None:
    text = shared_data / "text"
    for part, source in (("train", "valid"), ("valid", "valid"), ("test", "test")):
        (tmp_path / f"{part}.txt").write_bytes((text / f"{source}.txt").read_bytes())
    data = open_text(str(tmp_path))
    assert (len(data.validation), len(data.test)) == (217_646, 245_569)
    assert torch.equal(data.train, data.validation)


def test_columns_are_read_downwards() -> None:
    assert columns(torch.arange(11), 3).tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    with pytest.raises(InvalidSettingError, match="6 columns of text asked for; 11 words are too"):
        columns(torch.arange(11), 6)


def test_texts_that_are_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no file or folder nowhere"):
        open_text("nowhere")
    (folder / "ptb.test.txt").write_bytes(b"\xff\xfe words")
    with pytest.raises(CorruptDataError, match=r"ptb\.test\.txt cannot be read as text in UTF-8"):
        open_text(str(folder))
    (folder / "ptb.test.txt").write_text("\n\n")
    with pytest.raises(CorruptDataError, match="the test part has no words"):
        open_text(str(folder))
    (folder / "ptb.test.txt").unlink()
    with pytest.raises(MissingDataError, match=r"expected a file such as test\.txt"):
        open_text(str(folder))
    (folder / "train.txt").write_text("twice")
    with pytest.raises(InvalidSettingError, match=r"could be train: ptb\.train\.txt, train\.txt"):
        open_text(str(folder))
    (tmp_path / "short.txt").write_text("one line\n")
    with pytest.raises(CorruptDataError, match="the validation part has no words"):
        open_text(str(tmp_path / "short.txt"))


def test_what_is_text(folder: Path) -> None:
    assert is_text(str(folder))
    assert is_text(str(folder / "ptb.train.txt"))
    assert is_text("missing/wiki.train.tokens")
    assert not is_text("digits")
    assert not is_text(str(folder.parent))
    images = folder / "images"
    (images / "train").mkdir(parents=True)
    (images / "train-images-idx3-ubyte.gz").touch()
    (images / "README.txt").touch()
    assert not is_text(str(images))
