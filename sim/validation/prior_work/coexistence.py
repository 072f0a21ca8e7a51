"""X6: adopters who differ keep two standards alive that a network effect would else merge into one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from sim.basics.axes import REGIONS, SECTORS
from sim.engines.lockstep.engine import simulate
from sim.engines.meanfield.engine import simulate as mean_field
from sim.scenario import Scenario
from sim.validation.checks import IN_PART, Row, holds, reproduces, steady, within
from sim.validation.closed_forms.choosing import cheap_and_dear
from sim.validation.restricted_scenarios import ALIKE, ALL_STARTUPS, late_shares, restricted_scenario


def good_or_cheap(spread: float, weight: float = 3.0) -> Scenario:
    """A good line and a cheap one that the mean adopter likes equally; others' use is worth ``weight``."""
    kinds = {
        "review_rate": 0.5,
        "switching_cost": 0.0,
        "initial_adoption": 1.0,
        "outside_value": -60.0,
        "cost_weight": 4.0,
        "trust_weight": 0.0,
        "service_weight": 0.0,
        "customisation_weight": 0.0,
    }
    alike = {"region": "US", "openness": "closed", "compute_weight": 0.3, "cadence": 1, "markup": 1.0}
    # coverage is a half and a quarter, and the log cost differs by as many utils
    dearer = 20.0 * 0.25 / 4.0
    return restricted_scenario(
        {
            "good": {**alike, "serving_cost": float(np.exp(dearer))},
            "cheap": {**alike, "serving_cost": 1.0, "algorithmic_start": -float(np.log(3))},
        },
        150,
        2000,
        startup=kinds,
        adopter={
            "ecosystem_weight": weight,
            "line_dissimilarity": 1.0,
            "taste_spread": spread,
            "quality_weight": 20.0,
        },
        community={"derivative_gain": 0.0, "memory": 1.0},
        technology={"task_width": 1.0, "demand_drift": 0.0},
        prices={"cost_slope": 0.0, "usage_elasticity": 0.0},
        sectors={name: {"data_gain": 0.0, "capability_weight": 1.0, "task_threshold": 0.0} for name in SECTORS},
        regions={region: {"power": 1e6, **ALL_STARTUPS} for region in REGIONS},
    )


@reproduces("X6", source="bonaccorsi2003")
def adopters_who_differ_enough_keep_two_standards_alive() -> Iterator[Row]:
    """Under network effects open and proprietary software can coexist if adopters are heterogeneous
    (Bonaccorsi and Rossi 2003)."""
    spreads = (0.0, 0.1, 0.2, 0.4, 0.8)
    smaller = {spread: float(late_shares(good_or_cheap(spread), 6).min(axis=1).mean()) for spread in spreads}
    yield within("equal adopters: share of the smaller standard", 0, 0.12, smaller[0.0])
    yield within("spread 0.8: share of the smaller standard", 0.3, 0.5, smaller[0.8])
    yield steady("rises with the spread of tastes", "rises", smaller, ".2f", slack=0.02)


def led_by_one(word_of_mouth: bool, switching_cost: float) -> Scenario:
    """Four equal lines, the first far ahead, which then spread by word of mouth, or are made known to all.

    Adopters know both lines that they have in their two slots, so that with two lines all would soon know all.
    """
    kinds = {"review_rate": 0.3, "switching_cost": switching_cost, "initial_adoption": 1.0, "outside_value": -60.0}
    alike = {**ALIKE, "cadence": 60}
    known = {f"twin-{number}": 0.03 if number else 1.0 for number in range(4)}
    told = {"word_of_mouth": 0.35, "forgetting": 0.14} if word_of_mouth else {"word_of_mouth": 0.0, "forgetting": 0.0}
    news = (
        [] if word_of_mouth else [{"kind": "news_shock", "line": line, "start": 2, "awareness": 1.0} for line in known]
    )
    return restricted_scenario(
        {line: {**alike, "awareness_home": part, "awareness_abroad": part} for line, part in known.items()},
        300,
        1500,
        startup=kinds,
        adopter={"line_dissimilarity": 1.0},
        attention={"advertising": 0.0, "release_boost": 0.0, **told},
        regions={region: {"power": 1e6, **ALL_STARTUPS} for region in REGIONS},
        events=news,
    )


@reproduces(
    "X6",
    source="leoncini2011",
    verdict=IN_PART,
    slow=True,
    remark="Awareness by word of mouth rises with share by ever less, and users always know what they use, so a small "
    "line wins more per user than a large one: R4 slows the return to even shares and cannot take a market. And "
    "switching costs belong to adopter types here, not to lines: a line cannot raise its own, they help whoever leads.",
)
def standards_coexist_under_switching_costs_until_word_of_mouth_decides() -> Iterator[Row]:
    """Switching costs sustain coexistence; when diffusion itself depends on use, the winner takes all
    (Leoncini and others 2011)."""
    early, late = {}, {}
    for live in (False, True):
        base = simulate([(led_by_one(live, 1.0), run) for run in range(6)], keep=["installed_base"])["installed_base"]
        early[live] = float(base[:, 12, 0].mean())
        late[live] = base[:, -12:].mean(axis=1)
    yield within("known to all: share of the smallest of four lines", 0.2, 0.25, late[False].min(axis=1).mean())
    slower = early[True] > early[False] + 0.05
    yield holds(
        "word of mouth (R4) matters: leader's share after a year",
        slower,
        exact=f"above {early[False]:.2f}",
        measured=f"{early[True]:.2f}",
    )
    yield within("known by word of mouth: final share of the leader", 0.9, 1.0, late[True][:, 0].mean())
    leads = []
    for cost in (0.0, 1.0, 2.0):
        cells = mean_field([(cheap_and_dear(0.9, cost, 240, 1000), 0)])["installed_base"][0, -1]
        leads.append(float(cells.max()))
    rises = all(b > a + 0.01 for a, b in pairwise(leads))
    told = ", ".join(f"{lead:.3f}" for lead in leads)
    yield holds("switching costs raise the share of the line that leads", rises, exact="rises", measured=told)
