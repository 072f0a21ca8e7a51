"""The readable twin, in Mesa's conventions: one class per agent type, one method per decision.

::

    model.py       the model and its schedule of a month
    adopters.py    startups, enterprises, industrial firms and public agencies: what each does in a month
    lab.py         labs: train, borrow, release, price, become known, collect data
    government.py  governments: buy chips, allot compute, pool data, judge exposure, observe
    agent.py       what all of them share: luck, levers, and signals that a loop's switch may hold
    census.py      from agents to tables: what the statistician of the world counts every month
    user_model.py  a user's own model, found by file and class
"""

from sim.engines.mesa.adopters import Adopter, Enterprise, IndustrialFirm, PublicAgency, Startup
from sim.engines.mesa.government import Government
from sim.engines.mesa.lab import Lab

__all__ = ["Adopter", "Enterprise", "Government", "IndustrialFirm", "Lab", "PublicAgency", "Startup"]
