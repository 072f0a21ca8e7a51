"""Sensitivity analysis: tables of runs in, indices out. Nothing here knows a scenario or runs a model.

`methods` holds one file a family of methods, each with a ``design`` (which points to visit) and ``indices`` (what they
say).

`analyse` is the one door: it drops failed runs with their whole part of the design, estimates through SALib or scipy,
sets intervals by bootstrap, compares with an inert factor, tells luck from factors, and decides what may be said.
`convergence` decides whether a ranking is stable; `discovery` finds regions, `reversal` the nearest reversal.

Every design lives in the unit cube; what a coordinate means is the business of the factor. The libraries' traps that
these modules step around are tested one by one in ``tests/test_sensitivity_traps.py``.
"""

from sim.analysis.sensitivity.analyse import Diagnostic, Indices, analyse
from sim.analysis.sensitivity.design import DUMMY, LUCK, Design, DesignColumn
from sim.analysis.sensitivity.methods.registry import METHODS, QUESTIONS, build_design, find_method
from sim.analysis.sensitivity.stochastic_share import StochasticShare

__all__ = [
    "DUMMY",
    "LUCK",
    "METHODS",
    "QUESTIONS",
    "Design",
    "DesignColumn",
    "Diagnostic",
    "Indices",
    "StochasticShare",
    "analyse",
    "build_design",
    "find_method",
]
