"""Total gain as an outcome: how much of a util put into the lines in focus their loops return within two years.

The gain is the mean-field twin's (`sim.engines.meanfield.linearised`): at a month, every loop is opened where it meets
the choice, each line in focus is worth a little more, and what comes back to those lines within 24 months, less what
comes back to all others, is the total gain. Above one the lead feeds itself. The twin has no luck of adopters; that of
release dates it has.
"""

from __future__ import annotations

import numpy as np

from sim.scenario import Scenario

NAME = "total_gain"
LONG_NAME = "total gain of the loops of the lines in focus within 24 months"
UNIT = "utils per util"
HORIZON = 24


def total_gain(scenario: Scenario, month: int, replicate: int = 0, horizon: int = HORIZON) -> float:
    """Utils that come back to the lines in focus per util put into them, relative to the other lines.

    Lines count equally. NaN when no line, or every line, is in focus.
    """
    from sim.engines.meanfield.linearised import linearise

    found = linearise(scenario, month, replicate=replicate, rest=horizon, count=0)
    focus = np.isin(found.lines, scenario.focus.lines)
    if not focus.any() or focus.all():
        return float("nan")
    returned = found.gain[:, focus].sum(axis=1)
    return float(returned[focus].mean() - returned[~focus].mean())
