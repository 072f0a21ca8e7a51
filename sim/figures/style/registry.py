"""The house style, and the list of the figures of a run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("openloop.mplstyle")

P = ParamSpec("P")

RUN_FIGURES: dict[str, Callable[..., Figure]] = {}
"""Figures of a run by the name of their file: ``draw(dataset, scenario, figure=None) -> Figure``."""


def in_house_style(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the house style."""

    @wraps(draw)
    def styled(*args: P.args, **options: P.kwargs) -> Figure:
        with house_style():
            return draw(*args, **options)

    return styled


def run_figure(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the house style, and list it in `RUN_FIGURES` under its own name."""
    styled = in_house_style(draw)
    RUN_FIGURES[draw.__name__] = styled
    return styled


def house_style() -> AbstractContextManager[None]:
    """The style of all figures, for as long as the context lasts."""
    return matplotlib.rc_context(rc=_settings())  # type: ignore[arg-type]


@cache
def _settings() -> dict[str, Any]:
    return dict(matplotlib.rc_params_from_file(STYLE, use_default_template=False).items())
