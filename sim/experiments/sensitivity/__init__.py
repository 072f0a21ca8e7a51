"""Sensitivity studies: which factors, which runs, when to stop, and what may be said afterwards.

>>> from sim.experiments.sensitivity import study
>>> found = study(lambda table: table.x + 0.1 * table.y**2, {"x": (0, 1), "y": (0, 1)}, method="sobol", size=256)
>>> found.outcomes["outcome"].influential
['x', 'y']

The model is a scenario (`ScenarioModel`, over the ensemble store) or any Python function from a table of factor values
to outcomes (`FunctionModel`); both go through the same study, and the study through `sim.analysis.sensitivity`.
"""

from sim.experiments.sensitivity.models import FunctionModel, Model, Outcomes, ScenarioModel
from sim.experiments.sensitivity.study import Study, Treatment, study
from sim.experiments.sensitivity.variables import Variable, choose, variables_of

__all__ = [
    "FunctionModel",
    "Model",
    "Outcomes",
    "ScenarioModel",
    "Study",
    "Treatment",
    "Variable",
    "choose",
    "study",
    "variables_of",
]
