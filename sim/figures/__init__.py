"""One file per figure, named after the function in it; results in, `Figure` out. No science happens here.

The first line of a function's docstring is the question that its figure answers. `RUN_FIGURES` lists the figures of a
run. The others show comparisons, explanations, loops, S-curves, sensitivity and ensembles. `style/` holds what they
share. A figure carries the name of its scenario, the hash of its run, and what its bands mean. Regions keep their
colours throughout; closed weights are dashed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from sim.analysis.scurves import SCurve
from sim.figures.adoption_s_curves import adoption_s_curves
from sim.figures.capability_frontier import capability_frontier
from sim.figures.compute_by_region import compute_by_region
from sim.figures.data_stock import data_stock
from sim.figures.exposure import exposure
from sim.figures.focus_share import focus_share
from sim.figures.prices import prices
from sim.figures.shares_by_lens import shares_by_lens
from sim.figures.style import in_house_style
from sim.figures.style.letters import give_letters
from sim.scenario import Scenario

__all__ = [
    "RUN_FIGURES",
    "adoption_s_curves",
    "capability_frontier",
    "compute_by_region",
    "data_stock",
    "draw_all",
    "exposure",
    "focus_share",
    "prices",
    "save_figure",
    "shares_by_lens",
]


RUN_FIGURES: dict[str, Callable[..., Figure]] = {
    draw.__name__: draw
    for draw in (
        adoption_s_curves,
        capability_frontier,
        compute_by_region,
        data_stock,
        exposure,
        focus_share,
        prices,
        shares_by_lens,
    )
}
"""Figures of a run by the name of their file: ``draw(dataset, scenario, figure=None) -> Figure``."""


def draw_all(
    dataset: xr.Dataset,
    scenario: Scenario,
    folder: str | Path,
    formats: Sequence[str] = ("svg", "png"),
    curves: Mapping[str, SCurve] | None = None,
) -> list[Path]:
    """Draw every figure of a run into a folder, which is made if need be.

    Parameters
    ----------
    curves : adopter type -> fitted S-curve
        From `sim.analysis.scurves.fit_adoption`; absent: the adoption figure shows no fit.

    Returns
    -------
    list of the files, in the order of `RUN_FIGURES`
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, draw in RUN_FIGURES.items():
        drawn = draw(dataset, scenario, curves=curves) if draw is adoption_s_curves else draw(dataset, scenario)
        files.extend(save_figure(drawn, folder / name, formats))
    return files


@in_house_style
def save_figure(drawn: Figure, path: str | Path, formats: Sequence[str] = ("svg", "png")) -> list[Path]:
    """Write a figure to ``path`` with each format as suffix; the same figure gives the same bytes."""
    files = [Path(f"{path}.{kind}") for kind in formats]
    give_letters(drawn)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # said once, for all letters, above
        for file, kind in zip(files, formats, strict=True):
            drawn.savefig(file, format=kind, metadata={"Date": None} if kind in ("svg", "pdf") else None)
    return files
