"""The loops of a scenario, opened: how strong each is, what it does, which one leads, and when.

>>> from sim.experiments.loops import make_plan, measure
>>> found = measure(make_plan(scenario, quick=True))      # doctest: +SKIP
>>> found.gains[found.gains.sector == "all"]      # doctest: +SKIP

::

    plan          what is measured, from which runs; work that survives an interruption
    opening       gains by cut and inject, amplification and link products; the no-tipping bound
    coalitions    knock-outs, and Shapley's shares over all coalitions of loops
    matters       Loops That Matter on the mean-field twin and on the ensemble's mean
    twin          eigenvalue and gain at rest
    warning       early warnings and their false alarms
    report        the findings in words
    folder        what is left behind
"""

from sim.experiments.loops.measure import Findings, measure
from sim.experiments.loops.plan import LoopPlan, make_plan

__all__ = ["Findings", "LoopPlan", "make_plan", "measure"]
