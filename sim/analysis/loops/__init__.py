"""Loops measured: estimators of gains, shares of effects, dominance over time, early warnings. Arrays in, numbers out.

::

    gains           utils that come back per util put in: cut and inject, amplification, link products, and the bound
    shapley         an effect split among loops so that the parts add up
    dominance       Loops That Matter: link scores, loop scores, when dominance changes hands
    early_warning   slowing down near a threshold, and how often the signs of it are false

Which runs they are taken from stands in `sim.experiments.loops`.
"""
