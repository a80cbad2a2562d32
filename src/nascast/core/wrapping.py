"""What stands around an architecture where people copy it from: source files, logs, web pages."""

import re
from collections.abc import Iterator

from nascast.core.blocks import in_brackets
from nascast.core.literal import LiteralError, parse_literal
from nascast.core.notation import OFFICIAL_INDEX

__all__ = ["ARCHITECTURE", "forms", "plain", "tidied"]

_LOOSE = re.compile(r"(?<!\w)\s+|\s+(?!\w)")  # blanks that keep no two words apart
_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛＇", "'"),  # as word processors write them
        **dict.fromkeys("“”„‟＂", '"'),
        # Nobody sees them, nor the marks that turn the direction of writing.
        **dict.fromkeys("\ufeff\u200b\u200c\u200d\u2060\xa0\xad\u200e\u200f\x1a", " "),
        **dict.fromkeys(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))), " "),
        **dict.fromkeys("‐‑–—−", "-"),  # as printed pages have them
        **dict.fromkeys("∼˜", "~"),
        "│": "|",
        # Signs and digits as wide as Chinese characters, which Unicode has for each of ASCII.
        **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F) if chr(code) not in "\"'"},
    }
)
_COMMENT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|(#[^\n]*)")
_QUOTED = re.compile(
    r"\s*(?:-\s+)?(?:(['\"]?)[A-Za-z_]\w*\1\s*(?::\s*\w+\s*=|[:=])\s*)?[bBfFrRuU]{0,2}"
    r"(\"\"\"|\'\'\'|['\"`])(?P<inner>.*)\2\s*",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]<>()#+\-.!|~=:'\"$])")  # of Markdown, and of shells
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")  # of JSON
_EMPHASIS = re.compile(r"\s*(?:\*\*|__|\*|<)(?P<inner>[^\s*].*?)(?:\*\*|__|\*|>)\s*", re.DOTALL)

_STAMP = (
    r"(?:[0-9]{1,4}[-/.][0-9]{1,2}(?:[-/.][0-9]{1,4})?[\sT,]+)?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
    r"(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:?[0-9]{2})?(?:\s[AaPp][Mm])?(?=[\s\]|,-])"
)
_LEVEL = r"(?i:debug|info|notice|warn|warning|error|critical|fatal|trace)(?!\w)"
_HEADS = (  # parts of the head of a line, of which the first two say that it is of a log
    re.compile(  # when, and how grave
        rf"\s*(?:\[[^\[\]\n]*?(?:{_STAMP}|{_LEVEL})[^\[\]\n]*\]|{_STAMP}|{_LEVEL})"
        r"(?:\s*(?:[:>-]|\|(?=\s)))?"
    ),
    re.compile(rf"\s*[IWEF]\s?[0-9]{{4}}\s{_STAMP}(?:\s+[0-9]+\s[\w./-]+:[0-9]+\])?"),  # glog
    re.compile(r"\s*(?:[A-Za-z_][\w.]*:(?=\S)|[\w./:<>]+\s+[-|]\s|[\w./-]+\.py:[0-9]+[:\]]?\s)"),
)
_FENCE = re.compile(r"\s*(```|~~~)\w*\n(?P<inner>.*?)\n?\s*\1\s*", re.DOTALL)  # of Markdown
_BULLET = re.compile(r"\s*(?:(?:In|Out)\s?\[[0-9]*\]:|>>>|[>*•$+-]|[0-9]{1,3}[.)])\s+(?=\S)")
_CONTROL = re.compile(r"\x1b\[[0-9;]*m|\x00")  # colours of a terminal
_TAGS = re.compile(r"\s*<(\w+)[^<>]*>(?P<inner>.*)</\1>\s*", re.DOTALL)
_CALL = re.compile(  # a text alone in brackets, or handed to a function
    r"\s*(?:(?:return|yield)\b\s*)?(?:[\w.]+\s*)?[\[(]\s*[bru]?(?P<mark>['\"])(?P<inner>(?:(?!(?P=mark)).)*)"
    r"(?P=mark)\s*,?\s*[\])]\s*|\s*(?:return\b|yield\b|(?:print|str|repr|eval)\s*(?P<open>\()|"
    r"(?P<alone>\())(?P<bare>.*?)(?(open)\)|(?(alone)\)))\s*",
    re.DOTALL,
)
ARCHITECTURE = (  # its names in a record
    "arch",
    "arch_str",
    "architecture",
    "genotype",
    "cell",
    "best_arch",
    "config",
    "structure",
)
_INDEX = ("arch_index", "arch_idx", "arch_id", "architecture_index", "index", "idx")
_LABEL = re.compile(r"\s*(?:[-*]\s+)?(['\"]?)[A-Za-z_][\w .#]{0,60}\1\s*(?::=|[:=])(?![:=])\s*")
_MOST = 12  # parts of the head of a line; chosen


def tidied(text: str) -> str:
    """Returns a text without what stands around it in a source file, and without needless blanks.

    That are blanks and line ends that keep no two words apart, a name and ``=`` before it, and
    quotes around it, with a comma or semicolon behind them.
    """
    text = text.strip()
    if assigned := re.match(r"[A-Za-z_]\w*\s*=(?!=)\s*", text):
        text = text[assigned.end() :]
    inner = text.rstrip(",; \t\n")
    if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "'\"":
        text = inner[1:-1].strip()
    return _LOOSE.sub("", text)


def plain(text: str) -> str:
    """Returns a text without what people copy along with it, and of the same length.

    Quotes of word processors become plain ones. Marks that nobody sees, comments from ``#`` to the
    end of a line, commas and semicolons at the end, and a name and quotes around all of the text,
    such as ``arch = b'…',``, become blanks. So places in it are places in what was given.
    """
    text = text.translate(_MARKS)
    said = _COMMENT.sub(lambda found: " " * len(found[0]) if found[1] else found[0], text)
    if said.strip() and not re.fullmatch(OFFICIAL_INDEX, text):  # cell #284 has no comment
        text = said
    text = text.rstrip(",; \t\r\n").ljust(len(text))
    if quoted := _QUOTED.fullmatch(text):
        inner, (begin, end) = quoted["inner"], quoted.span("inner")
        nested = re.fullmatch(r"\s*[\w.]*[\[({].*[\])}]\s*", inner, re.DOTALL)
        if quoted[2][0] not in inner or nested:
            text = " " * begin + inner + " " * (len(text) - end)
    return text


def forms(text: str) -> Iterator[str]:
    """Yields what a text may mean: itself, and then without more and more of what is around it.

    That are the escapes of Markdown and of HTML, time, level and name at the head of a line of a
    log, and words with a colon or ``=`` behind them; and blocks of lines, such as YAML's, come in
    brackets. What is left must be more than one number, which could mean anything.
    """
    bare = _unescaped(text)
    cuts = [_plainly(cut) for cut in _cuts(bare)]
    inside = [part for cut in (bare, *cuts) for part in _inside(cut)]
    blocks = [in_brackets(plain(cut)) for cut in (bare, *cuts)]
    others = (bare, *cuts, *inside, *blocks)
    yield from dict.fromkeys((text, *(o for o in others if not re.fullmatch(r"[\s0-9.]*", o))))


def _unescaped(text: str) -> str:
    if "&" in text:
        import html  # its tables take longer to load than all else here

        text = html.unescape(text)
    text = _CODE.sub(lambda found: chr(int(found[1], 16)), text)
    return _plainly(_ESCAPE.sub(r"\1", _CONTROL.sub("", text)))


def _plainly(text: str) -> str:
    """Returns a text without marks of Markdown, or tags of HTML, around all of it."""
    found = _TAGS.fullmatch(text) or _FENCE.fullmatch(text) or _EMPHASIS.fullmatch(text)
    return found["inner"] if found else text


def _inside(text: str) -> Iterator[str]:
    """Yields what stands alone in brackets or in a call, and what a dictionary calls its cell."""
    text = plain(text)
    if found := _CALL.fullmatch(text):
        yield found["inner"] if found["bare"] is None else found["bare"]
    if text.lstrip().startswith(("{", "dict(")):
        try:
            keyed = parse_literal(text).keyed or ()
        except LiteralError:
            return
        named = {str(key).lower(): value.value for key, value in keyed}
        texts = [named[k] for k in named if k in ARCHITECTURE and isinstance(named[k], str)]
        yield from map(str, texts)
        indices = [named[k] for k in _INDEX if k in named and (len(named) == 1 or "arch" in k)]
        if not any(name in named for name in ARCHITECTURE) and len(indices) == 1:
            yield f"index {indices[0]}"  # beside others, an index could be that of a row


def _cuts(text: str) -> Iterator[str]:
    """Yields a text without more and more parts of the head of a line, and then of its labels."""
    at, logged = 0, False
    for _ in range(_MOST):
        found = [head.match(text, at) for head in _HEADS[: 3 if logged else 2]]
        logged = logged or any(found)
        part = next(filter(None, [*found, _LABEL.match(text, at), _BULLET.match(text, at)]), None)
        if part is None:
            return
        at = part.end()
        yield text[at:]
