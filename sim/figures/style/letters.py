"""Letters that the house font does not have: Chinese, Thai and others, in names."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cache

from matplotlib.figure import Figure
from matplotlib.text import Text

HOUSE_FONT = "DejaVu Sans"
NO_FONTS = re.compile("last resort|dejavu|stix|^cm", re.IGNORECASE)
"""Fonts that come with Matplotlib: other letters are in none of them, or are drawn as boxes on purpose."""
MOST_SHOWN = 8
"""Letters that the warning shows."""


def give_letters(figure: Figure) -> None:
    """Let the texts of a figure use installed fonts for letters that the house font lacks.

    Warns once, in a sentence, of letters that no installed font has: they are drawn as boxes.
    """
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    missing = {letter for text in texts for letter in text.get_text() if ord(letter) not in letters_of(HOUSE_FONT)}
    missing -= set("\n\t")
    if not missing:
        return
    fonts, nowhere = fonts_for(missing)
    for text in texts:
        if not missing.isdisjoint(text.get_text()):
            text.set_fontfamily([HOUSE_FONT, *fonts])
    if nowhere:
        some = "".join(sorted(nowhere)[:MOST_SHOWN]) + ("..." if len(nowhere) > MOST_SHOWN else "")
        warnings.warn(
            f"no installed font has the letters {some}, so figures show boxes in their place; install a font that has "
            "them, such as Noto Sans.",
            stacklevel=3,
        )


def fonts_for(letters: Iterable[str]) -> tuple[list[str], set[str]]:
    """Names of installed fonts that together have letters, and the letters that none has."""
    left, chosen = {ord(letter) for letter in letters}, []
    for name in installed():
        if not left:
            break
        found = left & letters_of(name)
        if found:
            chosen.append(name)
            left -= found
    return chosen, {chr(code) for code in left}


@cache
def installed() -> tuple[str, ...]:
    """Names of the fonts of this machine in alphabetical order, without Matplotlib's own."""
    from matplotlib.font_manager import fontManager

    return tuple(sorted({font.name for font in fontManager.ttflist if not NO_FONTS.search(font.name)}))


@cache
def letters_of(name: str) -> frozenset[int]:
    """Code points that a font has; none where it cannot be read."""
    from matplotlib.font_manager import findfont, get_font

    try:
        return frozenset(get_font(findfont(name, fallback_to_default=False)).get_charmap())
    except (ValueError, OSError, RuntimeError):
        return frozenset()
