"""Feedback loops: gains, shares of effects, dominance over time, early warnings. Arrays in, numbers out.

::

    gains           utility returned per unit put in: cut and inject, amplification, link products, and the bound
    shapley         an effect split among loops so that the parts add up
    dominance       Loops That Matter: link scores, loop scores, changes of dominance
    early_warning   slowing down near a tipping point, and the rate of false alarms

`sim.experiments.loops` makes the runs.
"""
