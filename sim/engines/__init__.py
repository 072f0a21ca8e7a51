"""Engines: they advance a `sim.world.World` month by month. Same rules, same draws.

`lockstep`  the default: a batch of runs at once, macro quantities in NumPy, decisions in the kernels of `kernels`
"""
