"""Names of metrics, with what they say, and units of values.

Whether a larger value is better is never guessed: it stands here for the names that the field
agrees on, and for every other name whoever gives the metric says it.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nascast.core.errors import InvalidSettingError

__all__ = [
    *("QUANTITIES", "TIMES", "UNITS", "Quantity", "bounds", "direction", "is_turned"),
    *("quantity", "span_of", "unit_of"),
]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that metrics measure, and the words in their names that say so.

    Attributes:
        name: name of the quantity.
        words: words that mean it, in small letters.
        minimize: whether smaller is better.
        unit: unit in which it is given, where nothing else is said.
        sized: whether the end of the name may tell the unit, as in ``latency_ms``.
    """

    name: str
    words: frozenset[str]
    minimize: bool
    unit: str
    sized: bool = False


def _quantity(
    name: str, words: str, unit: str, *, up: bool = False, sized: bool = False
) -> Quantity:
    return Quantity(name, frozenset(words.split()), not up, unit, sized)


QUANTITIES = (
    _quantity("accuracy", "accuracy accuracies acc", "percent", up=True),
    _quantity("error", "error errors err misclassification wer cer eer", "percent"),
    _quantity("loss", "loss losses nll", "nats"),
    _quantity("perplexity", "perplexity ppl", "none"),
    _quantity("latency", "latency latencies", "none", sized=True),
    _quantity("seconds", "seconds time runtime duration", "seconds", sized=True),
    _quantity("parameters", "parameters parameter params param nparams", "count", sized=True),
    _quantity(
        "multiply-adds",
        "adds madds multadds macs mac gmacs mmacs flops flop gflops mflops",
        "count",
        sized=True,
    ),
    _quantity("energy", "energy joules", "none", sized=True),
    _quantity("memory", "memory mem bytes", "none", sized=True),
    _quantity("throughput", "throughput fps", "none", up=True),
    _quantity("correlation", "kendall spearman pearson correlation tau", "real", up=True),
    _quantity("F1, AUC, mean IoU or BLEU", "f1 auc auroc iou miou bleu", "none", up=True),
    _quantity("squared or absolute deviation", "mse rmse mae", "none"),
)

# Words that surely turn round the quantity that a name has besides.
_OPPOSITE = (
    "decrease degradation deterioration drop efficiency gain gap improvement inv inverse neg "
    "negative reciprocal reduction regret saved saving savings speedup"
)
# Words that turn a known one round, or make another quantity of it: accuracy_drop, error_free,
# images_per_second, memory_bandwidth. A name with one of them says nothing.
_TURNING = (
    f"{_OPPOSITE} "
    "agreement anti available avoidance avoided bandwidth bar bars before between caught "
    "certainty change ci complement compliance confidence consistency convergence corrected "
    "correction corrector cost curvature cut delta density detected detection detector deviation "
    "diff difference diversity dropped eliminated entropy excess feasibility feasible fixed "
    "flatness flipped free headroom idle intensity interval invert inverted left margin meets "
    "met minus negate negated no non not ok opposite over overhead penalty per percentile "
    "predictability prevention pruned quantile range rank ranking ratio recip recovered recovery "
    "reduced reducer relative reliability remaining removed resilience resistance reverse "
    "reversed reward robustness satisfied saver scale sd sem sharpness similarity skipped slack "
    "slope smoothness spare sparsity spread stability std stddev stderr suppression survival to "
    "tolerance uncertainty until unused utilisation utility utilization var variance violation "
    "violations weight within without"
)
# Words that make something good of what is to be small: latency_score. An f1_score is an F1.
_GOOD = (
    "advantage benefit bonus credit credits fitness goodness grade index merit points quality "
    "rating ratings score scored scores speed stars"
)
# Words that make another quantity of what a network takes, and not of how well it does:
# flops_rate, memory_limit, low_latency; an error_rate is an error.
_OF_RESOURCES = (
    "battery bound budget capacity constraint life limit limits low rate rates target threshold"
)

# Words of both that, in front of a quantity at the end, only say of what it is: a consistency_loss
# is a loss, but a loss_consistency is not.
_KINDS = (
    "agreement confidence consistency density detection diversity entropy points quality rating "
    "robustness score sharpness similarity smoothness stability"
)

# Words that make a spread or a place in an order of a quantity: acc_std, acc_rank.
_SPREAD = "ci deviation percentile rank ranking sd sem std stddev stderr var variance"
_RANK_ONE = re.compile(r"rank[\W_]?[0-9]{1,3}[\W_]+(?=[A-Za-z])", re.IGNORECASE)  # of retrieval

# Words of times that are counted from the start of a training, as time_total_s of Ray Tune.
_WHOLE = "accumulated all cum cumulative elapsed overall total whole"
_EPOCHS = re.compile(r"[0-9]\s*_?\s*ep(?:och)?s?(?![A-Za-z])", re.IGNORECASE)  # time_200_epochs
_EACH = re.compile(
    r"(?:per|each|/)[\W_]*ep(?:och)?(?![A-Za-rt-z])"
    r"|epoch[\W_]*(?:time|sec|second|duration|ms|hour|min)",
    re.IGNORECASE,
)
_PER_TIME = re.compile(
    r"(?:per|/)[\W_]*(?:s|secs?|seconds?|mins?|minutes?|h|hours?)(?![A-Za-z])|speed", re.IGNORECASE
)

_HUMP = r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])"  # a word of several that are written as one
_FORMULA = re.compile(
    r"""\s* (?:1(?:00)?(?:\.0*)?\s*)? [-\u2212\u2013]  # 1-acc, 100 - acc, -acc
    |\s* [\d.]+(?:e\d+)? \s* /  # 1/loss, 1000/latency
    |.* (?:\(\s*(?:1\s*)?|\*\s*|\^\s*) [-\u2212\u2013] \s*[^\s)]
    # exp(-loss), (1-acc), loss*-1, loss^-1; but acc (-) has no unit
    |(?! .* (?:latency|time|runtime|duration) \s*/\s* seconds \s*$)  # are in their unit
    (?! .* (?:energy \s*/\s* joules|mem(?:ory)? \s*/\s* bytes) \s*$)
    .* /\s* (?:seconds|joules|bytes) \s*$""",  # images/seconds
    re.VERBOSE,
)

_POSITIVE = (
    "none nats bits seconds ms us ns minutes hours days count thousands millions billions "
    "bytes KB MB GB KiB MiB GiB J mJ W mW kWh"
)
UNITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "percent": (0.0, 100.0),
        "fraction": (0.0, 1.0),
        "real": (-math.inf, math.inf),  # any number; of all the others none is below zero
        **dict.fromkeys(_POSITIVE.split(), (0.0, math.inf)),
    }
)

_SPELLINGS = {  # words at the end of a name that tell a unit, by unit
    "ns": "ns nsec nsecs nanos nanosecond nanoseconds",
    "us": "us usec usecs \u00b5s \u03bcs micros microsecond microseconds",
    "ms": "ms MS Ms msec msecs millis millisecond milliseconds",
    "seconds": "s sec secs second seconds",
    "minutes": "min mins minute minutes",
    "hours": "h hr hrs hour hours",
    "days": "day days",
    "thousands": "K k thousand thousands kparams",
    "millions": "M m million millions mparams mflops mmacs",
    "billions": "B b G g billion billions gflops gmacs",
    "bytes": "bytes",
    "J": "joules",
}
_SUFFIXES = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
_SUFFIXES |= {u: u for u in ("KB", "MB", "GB", "KiB", "MiB", "GiB", "J", "mJ", "W", "mW", "kWh")}
TIMES: Mapping[str, str] = MappingProxyType(  # seconds of each unit of time, as exact decimals
    {
        "seconds": "1",
        "ns": "1e-9",
        "us": "1e-6",
        "ms": "0.001",
        "minutes": "60",
        "hours": "3600",
        "days": "86400",
    }
)
_FITTING = {  # units that the end of a name may tell, by quantity
    "latency": TIMES.keys() - {"minutes"},  # latency_min is the smallest
    "seconds": TIMES.keys(),
    "parameters": {"thousands", "millions", "billions"},
    "multiply-adds": {"thousands", "millions", "billions"},
    "energy": {"J", "mJ", "W", "mW", "kWh"},
    "memory": {"bytes", "KB", "MB", "GB", "KiB", "MiB", "GiB"},
}


def quantity(name: str) -> Quantity | None:
    """Returns the quantity that a metric measures, by the words of its name, or None.

    A word is a run of letters, or of letters and digits, and ``topOneError`` has three. A name
    with words of opposite directions says nothing, and neither does one with a word that may turn
    a direction round, such as ``accuracy_drop``, ``latency_score`` or ``images_per_second``, or a
    formula: ``1-acc``. A ``detection_accuracy`` or ``cross_entropy_loss`` is one all the same.
    """
    words = _words(name)
    found = [known for known in QUANTITIES if words & known.words]
    if _FORMULA.match(name) or len({known.minimize for known in found}) != 1:
        return None
    turning = _TURNING
    turning += f" {_GOOD}" if found[0].minimize else ""
    turning += f" {_OF_RESOURCES}" if found[0].sized else ""
    return found[0] if _beside(name, found[0]).isdisjoint(turning.split()) else None


def is_turned(name: str, minimize: bool | None = None) -> bool:
    """Returns whether a name has a quantity, and surely means something else than it.

    Such are ``latency_score`` and ``accuracy_drop``, from which no latency or accuracy is read;
    ``acc_error``, which has two of opposite directions; and ``acc_std``. A formula turns round
    what is in it: ``1-err`` is an accuracy, and ``1-acc`` none.

    Args:
        name: name of a column.
        minimize: whether what is to be read from it is better when it is smaller.
    """
    name = _RANK_ONE.sub("", name)  # rank-1 accuracy is one
    words = _words(name)
    found = [known for known in QUANTITIES if words & known.words]
    if _FORMULA.match(name):
        return any(known.minimize == minimize for known in found)
    if len({known.minimize for known in found}) > 1:
        return True
    turning = f"{_OPPOSITE} {_SPREAD}"
    turning += f" {_GOOD}" if any(known.minimize for known in found) else ""
    return any(not _beside(name, known).isdisjoint(turning.split()) for known in found)


def direction(name: str) -> bool:
    """Returns whether smaller values of a metric are better, as its name says.

    Raises:
        InvalidSettingError: the name does not say it; the message has what is known.
    """
    found = quantity(name)
    if found is None:
        up = ", ".join(known.name for known in QUANTITIES if not known.minimize)
        down = ", ".join(known.name for known in QUANTITIES if known.minimize)
        raise InvalidSettingError(
            f"the name {name!r} does not say whether a larger or a smaller value is better; say "
            f"minimize or maximize. Known to be large at best: {up}; to be small: {down}"
        )
    return found.minimize


def unit_of(name: str, column: str = "") -> str:
    """Returns the unit in which a metric of that name is given, where nothing else is said.

    Args:
        name: name of the metric; its end may tell the unit, as in ``latency_ms`` or ``params_M``.
        column: name of the column it is read from; its end tells the unit where the name does not.
    """
    found = quantity(name)
    if found is None:
        return "none"
    for text in (name, column) if found.sized else ():
        for word in reversed(_parts(text)):
            unit = _SUFFIXES.get(word) or _SUFFIXES.get(word.lower() if len(word) > 2 else "")
            if unit in _FITTING.get(found.name, ()):
                return str(unit)
    return found.unit


def span_of(name: str) -> str:
    """Returns what the times of a column are of, as its name says it.

    That is ``training``, from its start on, as in ``time_total_s`` and ``elapsed``; ``epoch``, as
    in ``time_per_epoch``; ``rate`` of what is no time at all, as in ``images/s``; or nothing.
    """
    known = quantity(name)
    if not known.minimize if known is not None else _PER_TIME.search(name):
        return "rate"  # a time/s is in its unit
    whole = not _words(name).isdisjoint(_WHOLE.split()) or _EPOCHS.search(name) is not None
    each = _EACH.search(name) is not None
    return "" if whole == each else "training" if whole else "epoch"


def bounds(unit: str) -> tuple[float, float]:
    """Returns the smallest and the largest value that a unit allows; of an unknown one, any."""
    return UNITS.get(unit, (-math.inf, math.inf))


def _parts(name: str) -> list[str]:
    """Returns the words of a name in their order, and before each its humps: timeMs, time, Ms."""
    found: list[str] = []
    for part in re.findall(r"[^\W_]+", name):
        humps = re.findall(_HUMP, part)
        found += [*(humps if all(len(hump) > 1 for hump in humps) else ()), part]
    return found


def _beside(name: str, known: Quantity) -> frozenset[str]:
    """Returns the words of a name without those that say of what its last, a quantity, is."""
    *_, part = re.findall(r"[^\W_]+", name)
    humps = re.findall(_HUMP, part)
    last = humps[-1] if len(humps) > 1 else part
    if _words(last) & known.words:
        return _words(name) - frozenset(_KINDS.split())
    return _words(name)


def _words(name: str) -> frozenset[str]:
    """Returns the words of a name, small letters, those of several humps also in parts."""
    found: set[str] = set()
    for part in re.findall(r"[^\W_]+", name):
        humps = re.findall(_HUMP, part)
        found |= {part.lower(), *(hump.lower() for hump in humps)}
        found.add(part.lower().strip("0123456789"))  # top1 err is err, err5 too
    return frozenset(found)
