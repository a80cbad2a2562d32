"""What reading a file of unknown origin may take: one mechanism for all readers.

A reader does its work inside `reading`, which bounds its memory, and turns what parsers raise on
damaged bytes into one of our errors. Where a library could crash, or never end, it runs in a
`nascast.core.child.Child`, which is given the same bounds and a limit on processor time.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from nascast.core.errors import CorruptDataError, InvalidSettingError, NascastError
from nascast.core.memory import more_memory

__all__ = ["Bounds", "reading", "size_of", "too_large"]

_MIB = 2**20
_PREFIX = "NASCAST_READ_"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What reading may take, a share that is free and one for each MiB of the file.

    The defaults are chosen: official files take a tenth of them. The environment changes them:
    ``NASCAST_READ_MIB``, ``NASCAST_READ_MIB_PER_MIB``, ``NASCAST_READ_SECONDS``,
    ``NASCAST_READ_SECONDS_PER_MIB``, ``NASCAST_READ_UNPACKED_MIB`` and
    ``NASCAST_READ_UNPACKED_MIB_PER_MIB``.

    Attributes:
        mib: of memory, beside what the process has already.
        mib_per_mib: of memory, for each MiB of the file.
        seconds: of processor time.
        seconds_per_mib: of processor time, for each MiB of the file.
        unpacked_mib: of a text that is unpacked while it is read, whatever it takes of memory.
        unpacked_mib_per_mib: of such a text, for each MiB of the file.
    """

    mib: float = 512.0
    mib_per_mib: float = 8.0
    seconds: float = 15.0
    seconds_per_mib: float = 5.0
    unpacked_mib: float = 64.0
    unpacked_mib_per_mib: float = 100.0

    @classmethod
    def from_environment(cls) -> "Bounds":
        """Returns the defaults, or what the environment says instead.

        Raises:
            InvalidSettingError: a variable is no number above zero.
        """
        given = {}
        for field in fields(cls):
            name = _PREFIX + field.name.upper()
            text = os.environ.get(name)
            if not text:
                continue
            try:
                value = float(text)
            except ValueError:
                value = -1.0
            if not 0 < value < float("inf"):
                raise InvalidSettingError(f"{name}: expected a number above zero; got {text!r}")
            given[field.name] = value
        return cls(**given)

    def memory(self, size: int) -> float:
        """Returns the MiB of memory for a file of so many bytes."""
        return self.mib + self.mib_per_mib * size / _MIB

    def unpacked(self, size: int) -> float:
        """Returns the MiB to which a packed text of so many bytes may unpack."""
        return self.unpacked_mib + self.unpacked_mib_per_mib * size / _MIB

    def time(self, size: int) -> float:
        """Returns the seconds of processor time for a file of so many bytes."""
        return self.seconds + self.seconds_per_mib * size / _MIB


@contextmanager
def reading(
    where: object, size: int = 0, *, what: str = "", advice: str = "get the file again"
) -> Iterator[None]:
    """Bounds what is done inside, and makes a CorruptDataError of what parsers raise.

    Errors of the system, such as a full disk, pass; so do our own.

    Args:
        where: names the file in messages.
        size: of the file, in bytes.
        what: what it should be, for messages.
        advice: what to do about a damaged file.

    Raises:
        CorruptDataError: damaged, something else, nested too deeply, or it takes too much memory.
    """
    mib = Bounds.from_environment().memory(size)
    wrong = f"damaged, or not {what}" if what else "damaged or cut off"
    try:
        with more_memory(mib):
            yield
    except NascastError:
        raise
    except MemoryError as error:
        raise too_large(where, mib) from error
    except RecursionError as error:
        raise CorruptDataError(
            f"{where}: {wrong}: its content is nested too deeply; {advice}"
        ) from error
    except Exception as error:  # parsers raise all kinds on bytes that are not what they expect
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        text = f"{type(error).__name__}: {error}"
        raise CorruptDataError(f"{where}: {wrong} ({text:.500}); {advice}") from error


def too_large(where: object, mib: float) -> CorruptDataError:
    """Returns the error about a file that takes more memory than it may."""
    return CorruptDataError(
        f"{where}: reading it takes more than {mib:,.0f} MiB of memory, which no sound file of its "
        f"size should; if you trust it, set {_PREFIX}MIB to more"
    )


def size_of(source: Path) -> int:
    """Returns the bytes of a file, or of all files below a folder; 0 if there is nothing."""
    if source.is_dir():
        return sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    return source.stat().st_size if source.exists() else 0
