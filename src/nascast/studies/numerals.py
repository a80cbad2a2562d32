"""Numbers as texts, the same in findings, pages and tables."""

import math

__all__ = ["number"]


def number(value: float, digits: int = 3) -> str:
    """Returns a number as text, with a true minus sign; NaN and infinity are a dash."""
    return f"{value:,.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"
