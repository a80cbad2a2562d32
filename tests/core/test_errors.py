import pytest

from nascast.core import errors


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("InvalidArchitectureError", ValueError),
        ("InvalidSettingError", ValueError),
        ("UnequalSizesError", ValueError),
        ("UnknownComponentError", LookupError),
        ("MissingExtraError", ImportError),
        ("MissingDataError", FileNotFoundError),
        ("CorruptDataError", ValueError),
        ("StoreError", RuntimeError),
        ("UnsupportedError", Exception),
    ],
)
def test_errors_are_caught_as_ours_and_as_pythons(name: str, base: type[Exception]) -> None:
    error = getattr(errors, name)("what was expected, what came, what to do")
    assert isinstance(error, errors.NascastError)
    assert isinstance(error, base)
    assert str(error) == "what was expected, what came, what to do"


def test_all_errors_are_public() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.NascastError)
    }
    assert found == set(errors.__all__) - {"plain", "DataWarning", "SearchWarning"}


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\x1b", "\x07", "\x9b"])
def test_controls_in_a_message_are_escapes(sign: str) -> None:
    error = errors.MissingDataError(f"no file gpj{sign}.exe\n\tin ü")
    assert str(error) == f"no file gpj{ascii(sign)[1:-1]}.exe\n\tin ü"
