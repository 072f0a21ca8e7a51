"""Regions: compute, power, adopters, and the friction each puts on lines from elsewhere."""

from __future__ import annotations

from sim.basics.axes import REGIONS
from sim.basics.quantity import Spec, assumption, quantity, times

TUNED_FRICTION = assumption("tuned in the prototype so that Chinese lines reach the shares of patterns F2, F3 and F11")
MIX = assumption("stylised employment and robot-stock weights; robotics follows the installed base in ifr2025")


class Friction(Spec):
    """Distrust, compliance work and informal barriers against lines of one origin, by mode of use."""

    api: float = quantity(
        0.3,
        "Friction when the origin's lab runs the service.",
        symbol="φ_API",
        unit="1",
        bounds=(0, None),
        plausible=times(0.3, 2),
        source=TUNED_FRICTION,
        tuned=True,
    )
    hosted: float = quantity(
        0.15,
        "Friction when a third party hosts the weights.",
        symbol="φ_HOST",
        unit="1",
        bounds=(0, None),
        plausible=times(0.3, 2),
        source=TUNED_FRICTION,
        tuned=True,
    )
    self_hosted: float = quantity(
        0.1,
        "Friction when the adopter runs the weights itself.",
        symbol="φ_SELF",
        unit="1",
        bounds=(0, None),
        plausible=times(0.3, 2),
        source=TUNED_FRICTION,
        tuned=True,
    )


NO_FRICTION = Friction(api=0, hosted=0, self_hosted=0)


class Frictions(Spec):
    """Friction of one region against each origin."""

    US: Friction = Friction()
    CN: Friction = Friction()
    EU: Friction = Friction()
    GS: Friction = Friction()


class SectorMix(Spec):
    """Weights by which a region's adopters are spread over sectors; they are normalised to one."""

    software: float = quantity(
        ..., "Weight of software firms.", unit="share", bounds=(0, 1), plausible=times(0.7, 1.3), source=MIX
    )
    enterprise: float = quantity(
        ..., "Weight of enterprise services.", unit="share", bounds=(0, 1), plausible=times(0.7, 1.3), source=MIX
    )
    manufacturing: float = quantity(
        ..., "Weight of manufacturing.", unit="share", bounds=(0, 1), plausible=times(0.7, 1.3), source=MIX
    )
    logistics: float = quantity(
        ..., "Weight of logistics.", unit="share", bounds=(0, 1), plausible=times(0.7, 1.3), source=MIX
    )
    robotics: float = quantity(
        ...,
        "Weight of robotics.",
        unit="share",
        bounds=(0, 1),
        plausible=times(0.5, 2),
        source="ifr2025",
    )
    public: float = quantity(
        ..., "Weight of public administration.", unit="share", bounds=(0, 1), plausible=times(0.7, 1.3), source=MIX
    )


class Region(Spec):
    """One region of the world."""

    adopters: float = quantity(
        ...,
        "Weight of the region among all adopters; normalised to one.",
        unit="share",
        bounds=(0, 1),
        plausible=times(0.8, 1.2),
        source=assumption("stylised weights of AI-relevant organisations"),
    )
    sectors: SectorMix
    capex: float = quantity(
        ...,
        "AI capital expenditure in month 0.",
        symbol="I0",
        unit="$B/month",
        bounds=(0, None),
        plausible=times(0.6, 1.4),
        source="uscc2026",
    )
    chips: float = quantity(
        ...,
        "Installed frontier-design chips in month 0.",
        symbol="XF(0)",
        unit="million H100e",
        bounds=(0, None),
        plausible=times(0.75, 1.25),
        source="businessengineer2026",
    )
    domestic_output: float = quantity(
        0.0,
        "Cumulative domestic chip output in month 0; 0 means no domestic programme.",
        symbol="Y0",
        unit="H100e",
        bounds=(0, None),
        plausible=times(0.5, 2),
        prior="loguniform",
        source="bernstein2025",
    )
    domestic_capacity: float = quantity(
        0.0,
        "Domestic chip capacity in month 0; 0 means no domestic programme.",
        symbol="K0",
        unit="H100e/month",
        bounds=(0, None),
        plausible=times(0.5, 2),
        prior="loguniform",
        source="huawei2025",
    )
    power: float = quantity(
        ...,
        "Power available to AI in month 0.",
        symbol="W0",
        unit="GW",
        bounds=(0, None),
        plausible=times(0.75, 1.25),
        source="banyanhill2026",
    )
    power_growth: float = quantity(
        ...,
        "Growth of AI power in month 0.",
        symbol="gW",
        unit="1/month",
        bounds=(-0.2, 0.2),
        plausible=times(0.6, 1.4),
        source="banyanhill2026",
    )
    self_hosting_cost: float = quantity(
        1.0,
        "Cost of own hardware relative to an efficient host.",
        symbol="hw",
        unit="1",
        bounds=(0.01, None),
        plausible=times(0.7, 1.5),
        source=assumption("parity with hosts where no regional figure exists"),
    )
    friction: Frictions


def _mix(*weights: float) -> SectorMix:
    return SectorMix(**dict(zip(SectorMix.model_fields, weights, strict=True)))


def _friction(*triple: float) -> Friction:
    return Friction(api=triple[0], hosted=triple[1], self_hosted=triple[2])


REGION_DEFAULTS: dict[str, Region] = {
    "US": Region(
        adopters=0.30,
        sectors=_mix(0.28, 0.32, 0.15, 0.09, 0.04, 0.12),
        capex=12.0,
        chips=1.70,
        power=4.5,
        power_growth=0.034,
        friction=Frictions(US=NO_FRICTION, CN=_friction(2.0, 0.9, 0.7)),
    ),
    "CN": Region(
        adopters=0.28,
        sectors=_mix(0.18, 0.22, 0.30, 0.12, 0.07, 0.11),
        capex=1.3,
        chips=0.30,
        power=2.0,
        power_growth=0.045,
        domestic_output=60_000,
        domestic_capacity=10_000,
        friction=Frictions(US=_friction(3.5, 0.9, 0.5), CN=NO_FRICTION, EU=_friction(2.5, 0.9, 0.5)),
    ),
    "EU": Region(
        adopters=0.27,
        sectors=_mix(0.20, 0.32, 0.20, 0.10, 0.05, 0.13),
        capex=0.8,
        chips=0.25,
        power=1.0,
        power_growth=0.020,
        friction=Frictions(US=_friction(0.4, 0.2, 0.15), CN=_friction(1.6, 0.8, 0.6), EU=NO_FRICTION),
    ),
    "GS": Region(
        adopters=0.15,
        sectors=_mix(0.25, 0.30, 0.18, 0.12, 0.02, 0.13),
        capex=0.3,
        chips=0.15,
        power=0.5,
        power_growth=0.025,
        friction=Frictions(CN=_friction(0.3, 0.2, 0.1), GS=NO_FRICTION),
    ),
}

assert tuple(REGION_DEFAULTS) == REGIONS


class Regions(Spec):
    """The four regions."""

    US: Region = REGION_DEFAULTS["US"]
    CN: Region = REGION_DEFAULTS["CN"]
    EU: Region = REGION_DEFAULTS["EU"]
    GS: Region = REGION_DEFAULTS["GS"]
