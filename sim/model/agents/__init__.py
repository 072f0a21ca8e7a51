"""The actors: who they are and the numbers that make them differ. One file per agent type.

=================  ==============================================================================================
`startup`          young software and robotics companies; quick to adopt and to switch, feed the ecosystem
`firm`             enterprises (services) and industrial firms (manufacturing, logistics, robotics)
`public_agency`    public administration; slow, bound by trust and procurement policy
`lab`              makers of lines: train, release, price, build on each other's open weights
`government`       regions' governments: announce policies, watch exposure
`adopter_types`    all adopter types, and the cells in which they live
`adopter`          what all adopters share: tastes, nests, peers, the second slot
=================  ==============================================================================================

What each does in a month reads most easily in `sim.engines.mesa`: `adopters.py` for startups, firms and agencies,
`lab.py` and `government.py`. The equations behind it are in `sim.model.rules`, one function each.
"""
