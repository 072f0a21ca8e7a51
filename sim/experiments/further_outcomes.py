"""Outcomes that verbs print and that cannot be read from the series of one run: ceilings, and the total gain."""

from __future__ import annotations

from dataclasses import dataclass

from sim.analysis.outcomes import CEILINGS, ceiling_of
from sim.experiments.runner import total_gain


@dataclass(frozen=True)
class FurtherOutcome:
    """An outcome of all runs of a scenario, or of the mean-field twin.

    Attributes
    ----------
    name, long_name, unit : as of `sim.analysis.outcomes.Outcome`
    kind, value : what it is a number of, in a word and in a phrase
    use : a command that prints it
    """

    name: str
    long_name: str
    unit: str
    kind: str
    value: str
    use: str


def _further() -> list[FurtherOutcome]:
    compare = "openloop compare baseline no-control"
    all_runs = "one number of all runs of a scenario; withheld where the runs do not tell it"
    ceilings = [
        FurtherOutcome(*ceiling_of(level), unit="share", kind="ceiling", value=all_runs, use=compare)
        for level in CEILINGS
    ]
    return [
        *ceilings,
        FurtherOutcome(
            total_gain.NAME,
            total_gain.LONG_NAME,
            total_gain.UNIT,
            "month",
            "of a month; computed by the mean-field twin, which takes far longer than a run",
            f"openloop sensitivity baseline --outcome {total_gain.NAME}@2029-12",
        ),
    ]


FURTHER_OUTCOMES = {outcome.name: outcome for outcome in _further()}
"""All of them by name."""
