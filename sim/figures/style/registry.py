"""The list of figures, and the way each gets the house style."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, wraps
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("openloop.mplstyle")

Draw = Callable[..., Figure]
FIGURES: dict[str, Draw] = {}
"""Every figure by name: ``draw(dataset, scenario, figure=None) -> Figure``."""


def figure(draw: Draw) -> Draw:
    """Enter a function into the list under its own name, and let it draw in the house style."""

    @wraps(draw)
    def styled(*args: Any, **options: Any) -> Figure:
        with house_style():
            return draw(*args, **options)

    FIGURES[draw.__name__] = styled
    return styled


def house_style() -> AbstractContextManager[None]:
    """The style of all figures, for as long as the context lasts."""
    return matplotlib.rc_context(rc=_settings())  # type: ignore[arg-type]


@cache
def _settings() -> dict[str, Any]:
    return dict(matplotlib.rc_params_from_file(STYLE, use_default_template=False).items())
