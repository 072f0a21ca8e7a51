"""Numbers and lists as text: every sentence, table and caption writes them through these."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sim.basics.arguments import texts


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def counted(number: int, what: str) -> str:
    """``1 run``, ``1,200 runs``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """``a, b and c``; of more than ``most`` names the last ones are counted."""
    shown = list(names) if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def separated(names: str | Iterable[str] | None, place: str = "a name") -> list[str]:
    """Names that are given one by one, or separated by commas; a comma inside brackets separates nothing.

    Raises
    ------
    ScenarioError
        Naming the ``place``, when one is no text.
    """
    return [name.strip() for text in texts(names, place) for name in re.split(r",(?![^(]*\))", text) if name.strip()]


# numbers


def decimals(width: float, value: float) -> int:
    """Decimals worth printing: the first digit of half the interval's width, or three digits of the value."""
    scale = width / 2 if width > 0 else abs(value) / 100
    return min(max(-math.floor(math.log10(scale)), 0), 6) if scale > 0 and math.isfinite(scale) else 1


def decimals_of_difference(value: float, low: float, high: float) -> int:
    """Decimals for a difference and its interval; an end that leaves zero out does not read as zero."""
    places = decimals(high - low, value)
    near = min(abs(low), abs(high))
    return places + 1 if low * high > 0 and not round(near, places) else places


def signed(value: float, places: int) -> str:
    """A number with its sign; zero has none."""
    text = f"{value:+,.{places}f}"
    return text.lstrip("+-") if not text.strip("+-0.,") else text


def unsigned(value: float, places: int = 3) -> str:
    """A number with so many decimals; nothing is neither more nor less than nought."""
    return f"{round(value, places) + 0.0:.{places}f}"


def short(value: float, digits: int = 3) -> str:
    """A number with so many digits; empty where there is none."""
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def whole(value: float) -> str:
    """A number with three digits, written out: ``27,700,000``."""
    return f"{float(f'{value:.3g}'):,.10g}" if value >= 1 else f"{value:.3g}"


def percent(value: float) -> str:
    """A share without decimals; empty where there is none."""
    return "" if math.isnan(value) else f"{value:.0%}"


def three_digits(value: float) -> str:
    """A number with three digits; nothing is neither more nor less than nought."""
    return f"{value + 0.0:.3g}"


def ends(low: float, high: float, say: Callable[[float], str] = three_digits) -> str:
    """Both ends of an interval, as ``say`` writes them: ``0.12 to 0.14``."""
    return "no interval" if math.isnan(low) or math.isnan(high) else f"{say(low)} to {say(high)}"


def with_interval(value: float, low: float, high: float, say: Callable[[float], str]) -> str:
    """A number and its interval, as ``say`` writes them: ``0.16 (0.11 to 0.21)``."""
    return f"{say(value)} ({ends(low, high, say)})"


def scale_of_difference(unit: str) -> tuple[Callable[[float], float], str]:
    """How a difference is stated: a function that scales its number, and the unit in which it then is.

    Shares become percentage points, logarithms of a quantity percent of it.
    """
    if unit == "share":
        return (lambda value: 100 * value), "points"
    if unit.startswith("ln "):
        return (lambda value: 100 * math.expm1(min(value, 700.0))), "%"
    return (lambda value: value), unit


def after_number(unit: str) -> str:
    """A unit as it stands after a number: ``%`` at once, others with a space, nothing for ``1``."""
    return {"%": "%", "1": "", "": ""}.get(unit, f" {unit}")


# time and memory


def duration(seconds: float) -> str:
    """``9.3 s``, ``42 s``, ``4.0 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def roughly(seconds: float) -> str:
    """``about 4 min``."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Bytes: ``1.19 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def plain(value: Any) -> Any:
    """A value for JSON; what is no finite number is null."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
