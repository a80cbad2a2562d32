"""Calls in texts that are what they return: ranges, and changes of a value's type."""

from collections.abc import Sequence

from nascast.core.value import Literal, LiteralError

__all__ = ["called", "is_range", "result"]

_MOST = 1000  # values of a range; chosen
_BOUNDS = ("start", "stop", "step")
_RANGES = ("range", "arange", "xrange", "slice")
_SAME = {
    *("list", "tuple", "set", "frozenset", "array", "asarray", "tensor", "OrderedDict", "int"),
    *("matrix", "deque", "EdgeDataView", "OutEdgeDataView", "OutMultiEdgeDataView"),
    *("float", "str_", "ListConfig", "dict_keys", "dict_values", "iter", "Series"),
    *("int8", "int16", "int32", "int64", "uint8", "float32", "float64", "bool_"),
}
_DICTIONARIES = {  # of other libraries
    *("dict", "defaultdict", "mappingproxy", "frozendict", "immutabledict", "DictConfig", "Map"),
    *("Counter", "Box", "Munch", "EasyDict", "AttrDict", "ConfigDict"),
}

Keyed = Sequence[tuple[Literal, Literal]]


def is_range(name: str) -> bool:
    """Returns whether a call of this name makes numbers of its bounds."""
    return name.rpartition(".")[2] in _RANGES


def called(name: str, begin: int, values: list[Literal], keyed: Keyed) -> Literal:
    """Returns what a call stands for, or a call.

    Args:
        name: name of what is called, also with dots.
        begin: its place.
        values: arguments without names.
        keyed: arguments with names.

    Raises:
        LiteralError: a range is none.
    """
    last = name.rpartition(".")[2]
    if is_range(name):
        bounds = {str(key): value for key, value in keyed}
        return _range([*values, *(bounds[k] for k in _BOUNDS if k in bounds)], begin)
    if last == "map" and len(values) == 2 and str(values[0]) in _SAME:
        return values[1]
    if last in ("sorted", "reversed") and len(values) == 1:
        items = values[0].items()
        order = sorted(items, key=Literal.whole) if last == "sorted" else items[::-1]
        return Literal(begin, tuple(order))
    if last == "Configuration":  # of ConfigSpace
        values += [value for key, value in keyed if str(key) == "values"]
        values = [value for value in values if value.keyed is not None][:1] or values
        return values[0] if values else Literal(begin, keyed=tuple(keyed))
    if last == "OrderedDict" and values and values[0].listed:
        pairs = [pair.items(2, "a pair of key and value") for pair in values[0].items()]
        return Literal(begin, keyed=tuple((key, value) for key, value in pairs))
    if last in _DICTIONARIES and not (values and keyed):  # else one would be lost
        # defaultdict(<class 'str'>, {…}) has its values last
        return values[-1] if values else Literal(begin, keyed=tuple(keyed))
    if last == "array" and len(values) == 2 and not values[0].listed and values[1].listed:
        return values[1]  # array('i', […])
    if last in _SAME and values:
        return values[0]
    return Literal(begin, tuple(values), last, tuple(keyed))


def _range(values: Sequence[Literal], begin: int) -> Literal:
    given = [value for value in values if value != Literal(value.at)]  # slice(2, 6, None)
    bounds = [value.whole() for value in given]
    if not 1 <= len(bounds) <= 3 or bounds[2:] == [0]:
        raise LiteralError("expected range(start, stop), with a step that is not 0", begin)
    numbers = range(*bounds)
    if len(numbers) > _MOST:
        raise LiteralError(f"a range of more than {_MOST} numbers", begin)
    return Literal(begin, tuple(Literal(begin, number) for number in numbers))


def result(first: Literal, sign: str, second: Literal) -> int:
    """Returns a sum, a difference or a product of whole numbers; no more than ranges need.

    Raises:
        LiteralError: they are none, or too large.
    """
    one, other = first.whole(), second.whole()
    if max(abs(one), abs(other)) > _MOST:
        raise LiteralError(f"expected numbers up to {_MOST} in a sum", first.at)
    return one * other if sign == "*" else one + other if sign == "+" else one - other
