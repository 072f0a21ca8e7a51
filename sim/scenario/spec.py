"""What a scenario may say: assumptions, events, policies, run settings, and what to look at.

These classes are the whole vocabulary of a scenario file. `sim.scenario.read` turns a file into a `Scenario`;
`sim.engines.world` turns a `Scenario` into arrays.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, WithJsonSchema, create_model

from sim.basics.axes import LAST_MONTH, RegionName
from sim.basics.distributions import Distribution
from sim.basics.quantity import Spec
from sim.model.agents.adopter import AdopterSpec, AdopterType
from sim.model.agents.adopter_types import ADOPTER_TYPES
from sim.model.agents.government import ExposureWeights, GovernmentSpec
from sim.model.agents.lab import LINE_DEFAULTS, LabSpec, Line
from sim.model.environment.attention import Attention, Community
from sim.model.environment.compute import Compute
from sim.model.environment.prices import Prices
from sim.model.environment.regions import Regions
from sim.model.environment.sectors import Sectors
from sim.model.environment.technology import Technology
from sim.model.events import Event
from sim.model.loops import LOOPS, Switch
from sim.model.policies import policy_union
from sim.model.reactions import Reaction

LensName = Literal["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8"]
MAX_ADOPTERS = 50_000_000
"""More than fit any machine this is meant for; larger numbers are refused as mistakes."""

MOST_LETTERS = 200
"""Of a name: with what folders of results add to it, file systems take no more than 255."""

_types: dict[str, Any] = {
    name: (AdopterType, Field(declared.numbers, description=declared.description))
    for name, declared in ADOPTER_TYPES.items()
}
_OfTypes = create_model("_OfTypes", __base__=Spec, **_types)


class Parameters(_OfTypes):  # type: ignore[valid-type, misc]
    """Every assumption of the model, grouped as in the package."""

    adopter: AdopterSpec = Field(AdopterSpec(), description="What all adopters share.")
    lab: LabSpec = Field(LabSpec(), description="What all labs share.")
    lines: dict[str, Line] = Field(LINE_DEFAULTS, description="Lines by name; add, change or switch off.")
    government: GovernmentSpec = Field(GovernmentSpec(), description="What all governments share.")
    exposure: ExposureWeights = Field(ExposureWeights(), description="Weights of the exposure indices.")
    regions: Regions = Field(Regions(), description="The four regions.")
    sectors: Sectors = Field(Sectors(), description="The six sectors.")
    compute: Compute = Field(Compute(), description="Chips, capex and power.")
    technology: Technology = Field(Technology(), description="How capability grows and spreads.")
    prices: Prices = Field(Prices(), description="Serving costs and prices.")
    attention: Attention = Field(Attention(), description="How lines become known.")
    community: Community = Field(Community(), description="Derivatives around open lines.")

    def of_type(self, name: str) -> AdopterType:
        """The numbers of an adopter type."""
        numbers: AdopterType = getattr(self, name)
        return numbers


@cache
def default_parameters() -> Parameters:
    """The assumptions when nothing is stated."""
    return Parameters()


class RunSettings(Spec):
    """How much to simulate."""

    months: int = Field(120, ge=1, le=LAST_MONTH, description="Months to simulate, from 2024-01.")
    adopters: int = Field(3000, ge=1, le=MAX_ADOPTERS, description="Number of adopters.")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="Root of all draws; zero is a seed.")
    replicates: int = Field(20, ge=1, le=1_000_000, description="Repetitions with different luck.")


class Focus(Spec):
    """The lines whose share is followed through the loops."""

    lines: tuple[str, ...] = Field(("CN-open-A", "CN-open-B", "CN-open-C"), description="Lines in focus.")
    exclude_regions: tuple[RegionName, ...] = Field(("CN",), description="Regions whose adopters are left out.")


class Rivals(Spec):
    """For each region, whose lines count as exposure."""

    US: tuple[RegionName, ...] = Field(("CN",), description="Origins that the US counts.")
    CN: tuple[RegionName, ...] = Field(("US",), description="Origins that China counts.")
    EU: tuple[RegionName, ...] = Field(("US", "CN"), description="Origins that Europe counts.")
    GS: tuple[RegionName, ...] = Field(("US", "CN"), description="Origins that the Global South counts.")


def _switch_text(text: str) -> str:
    return str(Switch.parse(text))


SwitchText = Annotated[
    str,
    AfterValidator(_switch_text),
    WithJsonSchema({"type": "string", "pattern": r"^(live|off|frozen@(\d{4}-\d{2}|\d+))$"}),
]

_switches: dict[str, Any] = {
    loop.key: (SwitchText, Field("live", description=f"{loop.name}: live, off or frozen@2026-01."))
    for loop in LOOPS.values()
}
LoopSwitches = create_model("LoopSwitches", __base__=Spec, __doc__="State of every feedback loop.", **_switches)


class Scenario(Spec):
    """A complete scenario: every number in use, every policy, every setting.

    Examples
    --------
    >>> import openloop as ol
    >>> scenario = ol.read_scenario("baseline")
    >>> isinstance(scenario, ol.Scenario), scenario.name
    (True, 'baseline')
    """

    name: str = Field(
        description="Short name; also names the run directory.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=MOST_LETTERS,
    )
    description: str = Field("", description="What the scenario is for, in a sentence.")
    run: RunSettings = Field(RunSettings(), description="How much to simulate.")
    parameters: Parameters = Field(Parameters(), description="Assumptions.")
    events: tuple[Event, ...] = Field((), description="Dated events.")
    policies: tuple[policy_union(), ...] = Field((), description="Public policies.")  # type: ignore[valid-type]
    reactions: tuple[Reaction, ...] = Field((), description="Governments that react to what they see.")
    focus: Focus = Field(Focus(), description="Lines to follow.")
    rivals: Rivals = Field(Rivals(), description="Whose lines count as exposure.")
    lenses: tuple[LensName, ...] = Field(
        ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8"), description="Lenses shown in figures and summary."
    )
    loops: LoopSwitches = Field(LoopSwitches(), description="State of the feedback loops.")  # type: ignore[valid-type]

    # no field: the numbers of a scenario are its medians, and its JSON and hash speak of those alone
    _varied: dict[str, Distribution] = PrivateAttr(default_factory=dict)

    @property
    def varied(self) -> dict[str, Distribution]:
        """Keys for which the file gives a range or a distribution in place of a value: the file is an ensemble."""
        return self._varied

    @property
    def roster(self) -> dict[str, Line]:
        """The active lines, by name."""
        return {name: line for name, line in self.parameters.lines.items() if line.active}
