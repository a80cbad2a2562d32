"""The name and settings of a component, in one written form.

Studies, searches, run records, reports and the command line all name components this way::

    xgboost                              defaults
    xgboost(encoding=path,max_depth=3)   settings by the names of the constructor's parameters
    xgboost(encoding=wl(depth=3))        a spec as the value of a setting
    xgboost(preset=study,max_depth=3)    those of a preset; those beside it win
    wl(3,256)                            settings by place
    nasbench201:cifar100                 a single setting; the same as nasbench201(cifar100)
"""

import inspect
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Union, get_type_hints

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.kinds import WORDS, fits, kinds_of, words

__all__ = ["Spec", "Value", "component_of", "parameters_of"]

Value = Union[None, bool, int, float, str, "Spec", tuple["Value", ...]]

_WORDS: dict[str, Value] = {"none": None, "true": True, "false": False}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BARE = re.compile(r"[^\s,()\[\]=\":]+")  # a value that needs no quotes
_DRIVE = re.compile(r"[A-Za-z]:[\\/][^,()\[\]\"]*")  # a path of Windows, which needs none either
_ROLES = {"critic": "predictor"}  # settings named by what their component does, and its kind
_PRESET = "preset"  # is written where settings are, and stands for some
_GIVEN = {"space", "objectives"}  # what a component is made for, and no setting of it


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """The name of a component and those of its settings that are not defaults.

    Specs are equal, and hash equally, where name and settings are; the order of settings does not
    count. `str` gives the written form, which `parse` reads back.

    Attributes:
        name: registered name, with ``_`` for ``-``.
        settings: values by parameter of the component's constructor; they are plain: None, bool,
            int, float, str, `Spec`, or a tuple of these.
    """

    name: str
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain = {key: _plain(key, self.settings[key]) for key in sorted(self.settings)}
        object.__setattr__(self, "settings", MappingProxyType(plain))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Spec) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Spec, (self.name, dict(self.settings))

    def __str__(self) -> str:
        shown = ",".join(f"{key}={_write(value)}" for key, value in self.settings.items())
        return f"{self.name}({shown})" if shown else self.name

    @classmethod
    def parse(cls, kind: str, text: str) -> "Spec":
        """Returns the spec written in a text.

        Args:
            kind: kind of the component, such as ``predictor``; the component must be registered,
                and settings by place get the names of its constructor's parameters.
            text: spec in its written form, see the head of this module.

        Raises:
            UnknownComponentError: no component has that name.
            InvalidSettingError: the component does not have a setting, or the text is not of this
                form; the message says where.
        """
        specs = cls.parse_list(kind, text)
        if len(specs) != 1:
            raise InvalidSettingError(f"expected one {kind}; got {text!r}")
        return specs[0]

    @classmethod
    def parse_list(cls, kind: str, text: str) -> tuple["Spec", ...]:
        """Returns the specs of a text in which they are joined by commas; see `parse`."""
        reader = _Reader(kind, text)
        found = [reader.spec(kind)]
        while reader.takes(","):
            found.append(reader.spec(kind))
        reader.end()
        return tuple(found)

    @classmethod
    def of(cls, kind: str, component: Any) -> "Spec":
        """Returns the spec of a component, with which `load` makes another one like it.

        It rests on the promise that a component keeps its constructor's arguments as attributes of
        the same names.

        Raises:
            UnknownComponentError: the component is not registered.
        """
        settings = {}
        for parameter in parameters_of(type(component)).values():
            value = getattr(component, parameter.name)
            if value is not parameter.default and value != parameter.default:
                settings[parameter.name] = value
        return cls(plugins.name_of(kind, type(component)), settings)

    def check(self, kind: str) -> None:
        """Raises unless the component exists and has every setting.

        Raises:
            UnknownComponentError: it does not exist; the message lists the known names.
            InvalidSettingError: it lacks a setting; the message lists the known ones.
        """
        component = plugins.resolve(kind, self.name)
        known, kinds = parameters_of(component), _plain_kinds(component)
        for key in self.settings:
            if key not in known:
                raise _unknown(kind, self.name, key, known)
        for key, value in self.settings.items():
            nan = isinstance(value, float) and math.isnan(value)
            if key in kinds and (nan or not fits(value, kinds[key])):
                raise InvalidSettingError(
                    f"the setting {key} of the {kind} {self.name} is {words(kinds[key])}; "
                    f"got {value!r}"
                )

    def load(self, kind: str, *args: Any, **given: Any) -> Any:
        """Returns a new component with these settings.

        Args:
            kind: kind of the component, such as ``predictor``.
            args: arguments before the settings, such as the space of a strategy.
            given: further arguments by name; settings of the spec replace them.

        Raises:
            UnknownComponentError, InvalidSettingError, MissingExtraError: see `check`, and
                `plugins.load`.
        """
        self.check(kind)
        return plugins.load(kind, self.name, *args, **{**given, **self.settings})

    def json(self) -> dict[str, Any]:
        """Returns ``{"name": …, "settings": …}`` of plain JSON values; nested specs likewise."""
        return {"name": self.name, "settings": {k: _json(v) for k, v in self.settings.items()}}

    @classmethod
    def from_json(cls, value: Any) -> "Spec":
        """Returns the spec that `json` wrote.

        Raises:
            InvalidSettingError: the value is not of this form.
        """
        if not isinstance(value, Mapping) or value.keys() != {"name", "settings"}:
            raise InvalidSettingError(f"expected an object with name and settings; got {value!r}")
        return cls(value["name"], {k: _from_json(v) for k, v in value["settings"].items()})


def component_of(kind: str, given: Any) -> Any:
    """Returns the component that is given as itself, as a `Spec` or as the text of one."""
    if isinstance(given, str):
        given = Spec.parse(kind, given)
    return given.load(kind) if isinstance(given, Spec) else given


class _Reader:
    """Reads the text of specs from left to right; errors name the place."""

    def __init__(self, kind: str, text: str) -> None:
        self._kind, self._text, self._at = kind, text, 0

    def spec(self, kind: str) -> Spec:
        name = plugins.registered(kind, self._match(_NAME, f"the name of a {kind}"))
        component = plugins.resolve(kind, name)
        known = list(parameters_of(component))
        settings: dict[str, Value] = {}
        if self.takes(":"):
            self._setting(kind, name, known, settings)
        elif self.takes("(") and not self.takes(")"):
            self._setting(kind, name, known, settings)
            while self.takes(","):
                self._setting(kind, name, known, settings)
            self._need(")")
        own = _PRESET in known  # a setting of that name, which another package may have
        return Spec(name, settings if own else _preset(kind, name, component, settings))

    def _setting(self, kind: str, name: str, known: list[str], settings: dict[str, Value]) -> None:
        keyed = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=").match(self._text, self._at)
        if keyed:
            key, self._at = keyed[1], keyed.end()
        elif list(settings) != known[: len(settings)]:
            raise self._wrong("key=value, since settings by place come first,")
        elif len(settings) < len(known):
            key = known[len(settings)]
        else:
            raise self._wrong(f"at most {len(known)} settings of {name}")
        if key not in known and key != _PRESET:
            raise _unknown(kind, name, key, known)
        if key in settings:
            raise self._wrong(f"{key} only once")
        settings[key] = self._value(_kind_of(key, kind))

    def _value(self, kind: str) -> Value:
        if self.takes("["):
            found = [] if self.takes("]") else [self._value(kind)]
            while found and self.takes(","):
                found.append(self._value(kind))
            if found:
                self._need("]")
            return tuple(found)
        if quoted := re.compile(r'\s*("(?:[^"\\]|\\.)*")').match(self._text, self._at):
            try:
                text = str(json.loads(quoted[1]))
            except ValueError:
                raise self._wrong("a text in quotes, as JSON has it,") from None
            self._at = quoted.end()
            return text
        if re.compile(r"\s*" + _DRIVE.pattern).match(self._text, self._at):
            return self._match(_DRIVE, "a path").rstrip()
        if re.compile(r"\s*" + _NAME.pattern + r"\s*[(:]").match(self._text, self._at):
            return self.spec(kind)
        return _read(self._match(_BARE, "a value"))

    def takes(self, mark: str) -> bool:
        """Returns whether the mark comes next; if so, passes over it."""
        rest = self._text[self._at :].lstrip()
        if rest.startswith(mark):
            self._at = len(self._text) - len(rest) + 1
            return True
        return False

    def end(self) -> None:
        """Raises unless the whole text was read."""
        if self._text[self._at :].strip():
            raise self._wrong("the end")

    def _need(self, mark: str) -> None:
        if not self.takes(mark):
            raise self._wrong(f"{mark!r}")

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        found = re.compile(r"\s*(" + pattern.pattern + ")").match(self._text, self._at)
        if not found:
            raise self._wrong(what)
        self._at = found.end()
        return found[1]

    def _wrong(self, expected: str) -> InvalidSettingError:
        rest = self._text[self._at :].strip() or "the end"
        return InvalidSettingError(
            f"expected {expected} at {rest!r} in {self._text!r}; a {self._kind} is written as "
            "name, name:value or name(key=value,…)"
        )


def _preset(
    kind: str, name: str, component: Any, settings: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Returns settings with those of the preset that they name, of which the others win."""
    if _PRESET not in settings:
        return settings
    known: Mapping[str, Any] = getattr(component, "presets", {})
    if settings[_PRESET] not in known:
        raise InvalidSettingError(
            f"the {kind} {name} has no preset {settings[_PRESET]!r}; it has "
            f"{', '.join(known) or 'none'}"
        )
    return {**known[str(settings[_PRESET])], **{k: v for k, v in settings.items() if k != _PRESET}}


def _kind_of(key: str, outer: str) -> str:
    """Returns the kind of a spec that is the value of a setting: the setting's name says it.

    A setting ``encoding`` or ``encodings`` is of encodings, and a ``critic`` is a predictor; where
    the name is of no kind, the spec is of the same kind as the component that has the setting.
    """
    plural = {package.rpartition(".")[2]: kind for kind, package in plugins.KINDS.items()}
    return key if key in plugins.KINDS else {**plural, **_ROLES}.get(key, outer)


def parameters_of(component: Any) -> dict[str, inspect.Parameter]:
    """Returns the settings that a component's constructor takes, in their order."""
    found = inspect.signature(component).parameters
    return {
        name: parameter
        for name, parameter in found.items()
        if name not in _GIVEN
        and parameter.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    }


def _plain_kinds(component: Any) -> dict[str, tuple[type, ...]]:
    """Returns the kinds of the settings that are numbers, words and the like alone."""
    try:
        hints = get_type_hints(
            component.__init__ if isinstance(component, type) else component  # type: ignore[misc]
        )
    except NameError:  # a name that only type checkers import
        return {}
    found = {name: kinds_of(hint) for name, hint in hints.items()}
    plain = tuple(WORDS)  # kinds may be unhashable, such as the arguments of a function
    return {name: kinds for name, kinds in found.items() if all(kind in plain for kind in kinds)}


def _unknown(kind: str, name: str, key: str, known: Any) -> InvalidSettingError:
    there = ", ".join(known) or "none"
    return InvalidSettingError(f"the {kind} {name} has no setting {key!r}; it has {there}")


def _plain(key: str, value: Any) -> Value:
    if value is None or isinstance(value, (bool, int, float, str, Spec)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(_plain(key, item) for item in value)
    raise InvalidSettingError(
        f"the setting {key} should be a plain value or a spec; got a {type(value).__name__}"
    )


def _read(text: str) -> Value:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _write(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(_write, value))}]"
    if isinstance(value, Spec):
        return str(value) if value.settings else f"{value}()"  # else it would be read as text
    if isinstance(value, str):
        plain = _BARE.fullmatch(value) and isinstance(_read(value), str)
        return value if plain else json.dumps(value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _json(value: Value) -> Any:
    if isinstance(value, Spec):
        return value.json()
    return [_json(item) for item in value] if isinstance(value, tuple) else value


def _from_json(value: Any) -> Value:
    if isinstance(value, Mapping):
        return Spec.from_json(value)
    if isinstance(value, list):
        return tuple(_from_json(item) for item in value)
    return _plain("value", value)
