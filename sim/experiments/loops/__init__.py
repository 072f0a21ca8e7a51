"""The loops of a scenario, opened: how strong each is, what it does, which one leads, and when.

::

    plan            what is measured, from which runs, and how pieces of work are carried out
    measure         the runs that are not done yet, and the tables
    gains           gains by cut and inject, amplification and link products; the no-tipping bound
    shapley         knock-outs, and Shapley's shares over all coalitions of loops
    loop_scores     Loops That Matter on the mean-field twin and on the ensemble's mean
    meanfield_twin  eigenvalue and gain at rest
    early_warning   early warnings and their false alarms
    chapter         the findings in words and tables
    figures         which figures there are, and what stands beneath them
    kind            what is left behind
    request         all of it, from what somebody asks for
"""

from sim.experiments.loops.measure import Findings, measure
from sim.experiments.loops.plan import LoopPlan, make_plan

__all__ = ["Findings", "LoopPlan", "make_plan", "measure"]
