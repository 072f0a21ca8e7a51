"""The readable twin, in Mesa's conventions: one class per agent type, one method per decision.

::

    model.py       the model and its schedule of a month
    adopters.py    startups, enterprises, industrial firms and public agencies: what each does in a month
    lab.py         labs: train, borrow, release, price, become known, collect data
    government.py  governments: buy chips, allot compute, pool data, judge exposure, observe
    agent.py       what all of them share, and what they ask of their model
    ledger.py      the counts and shares of the newest month, which agents read
    census.py      fills the ledger, and hands the month to the record
    user_model.py  a user's own model, found by file and class
"""

from sim.engines.mesa.adopters import Adopter, Enterprise, IndustrialFirm, PublicAgency, Startup
from sim.engines.mesa.government import Government
from sim.engines.mesa.lab import Lab

__all__ = ["Adopter", "Enterprise", "Government", "IndustrialFirm", "Lab", "PublicAgency", "Startup"]
