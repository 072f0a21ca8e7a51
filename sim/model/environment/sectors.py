"""Sectors: what tasks demand, what data are worth there, and how critical they are."""

from __future__ import annotations

from sim.basics.axes import SECTORS
from sim.basics.quantity import Spec, assumption, plus, quantity, times

WEIGHTS = assumption("stylised weight of the exposure index; every report shows its components")


class Sector(Spec):
    """One sector of the economy."""

    data_gain: float = quantity(
        ...,
        "The most that deployment data can ever be worth; 0 removes the data loop.",
        symbol="Γ",
        unit="nats",
        bounds=(0, 20),
        plausible=times(0, 2.5),
        source=assumption("no estimate exists; its range holds zero"),
    )
    data_exponent: float = quantity(
        0.35,
        "Exponent of the data law.",
        symbol="β",
        unit="1",
        bounds=(0.01, 5),
        plausible=(0.15, 0.6),
        source="chinchilla_replication",
    )
    data_scale: float = quantity(
        0.002,
        "Data stock at which the gain becomes sizeable.",
        symbol="D0",
        unit="sector-years",
        bounds=(1e-9, None),
        plausible=(0.0003, 0.02),
        prior="loguniform",
        source=assumption("spans two orders of magnitude around a pilot"),
    )
    data_decay: float = quantity(
        0.02,
        "Part of the data stock that loses its worth each month.",
        symbol="δ",
        unit="1/month",
        bounds=(0, 1),
        plausible=(0.005, 0.06),
        prior="loguniform",
        source="valavi2022",
    )
    site_diversity: float = quantity(
        ...,
        "Exponent on one site's usage: below 1, many sites beat much use at one.",
        symbol="χ_s",
        unit="1",
        bounds=(0.05, 1),
        plausible=(0.3, 1),
        source="lin2024",
    )
    capability_weight: float = quantity(
        ...,
        "Weight of general capability in the sector's tasks.",
        symbol="ω_s",
        unit="1",
        bounds=(0, 3),
        plausible=plus(-0.2, 0.2),
        source=assumption("general models do less of embodied work"),
    )
    task_threshold: float = quantity(
        ...,
        "Capability at which half of the tasks are covered, above the frontier of month 0.",
        symbol="θ_s",
        unit="nats",
        bounds=(-50, 50),
        plausible=plus(-1, 1),
        source=assumption("order of sectors by observed take-up"),
    )
    criticality: float = quantity(
        ...,
        "Weight of the sector in the exposure index.",
        symbol="crit",
        unit="1",
        bounds=(0, 1),
        plausible=times(0.7, 1.3),
        source=WEIGHTS,
    )
    autonomy: float = quantity(
        ...,
        "How far systems of the sector act on the physical world by themselves.",
        symbol="auton",
        unit="1",
        bounds=(0, 1),
        plausible=times(0.5, 1.5),
        source=WEIGHTS,
    )


def _sectors() -> dict[str, Sector]:
    columns: dict[str, tuple[float, ...]] = {
        "data_gain": (0.6, 0.6, 1.5, 1.5, 3.0, 0.6),
        "site_diversity": (1.0, 1.0, 0.7, 0.7, 0.7, 1.0),
        "capability_weight": (1.0, 1.0, 0.8, 0.8, 0.5, 1.0),
        "task_threshold": (0.5, 1.0, 2.0, 2.0, 3.5, 1.5),
        "criticality": (0.5, 0.6, 0.8, 0.8, 0.9, 1.0),
        "autonomy": (0.0, 0.0, 0.4, 0.5, 1.0, 0.0),
    }
    return {name: Sector(**{key: values[i] for key, values in columns.items()}) for i, name in enumerate(SECTORS)}


SECTOR_DEFAULTS = _sectors()


class Sectors(Spec):
    """The six sectors."""

    software: Sector = SECTOR_DEFAULTS["software"]
    enterprise: Sector = SECTOR_DEFAULTS["enterprise"]
    manufacturing: Sector = SECTOR_DEFAULTS["manufacturing"]
    logistics: Sector = SECTOR_DEFAULTS["logistics"]
    robotics: Sector = SECTOR_DEFAULTS["robotics"]
    public: Sector = SECTOR_DEFAULTS["public"]
