"""Sensitivity analysis: tables of runs in, indices out. Nothing here knows a scenario or runs a model.

::

    design            points of the unit cube to run
    methods           one file a family: its ``design`` and its ``indices``
    analyse           indices of one outcome by any method, with diagnostics
    measures          what every method returns; bootstrap and noise floor
    resampling        fast estimators for methods that are bootstrapped
    convergence       whether values, ranking and screening are stable
    stochastic_share  part of the variance that is random
    over_time         indices for every month of a curve
    survival          crossing times that some runs do not reach
    discovery         regions of assumptions that lead to an outcome: PRIM and CART
    reversal          smallest change that reverses a comparison
    evidence_debt     which factor to research next

`analyse` is the entry point. It drops failed runs with their whole part of the design, estimates through SALib or
scipy, sets intervals by bootstrap, compares with an inert factor, separates luck from factors, and decides which
factors may be ranked. Coordinates lie in [0, 1]; the factors translate them into values. Pitfalls of the libraries are
tested in ``tests/analysis/test_sensitivity_traps.py``.
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
