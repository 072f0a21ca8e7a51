"""Every loop has a switch, and the switch does what it says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from sim.engines.lockstep.engine import simulate
from sim.model.loops import ALWAYS, LOOPS, Switch
from sim.model.observables import OBSERVABLES
from sim.scenario import Scenario
from tests.worlds import world

MONTHS, CUT = 36, 12
KINDS = ("startup", "enterprise", "industrial", "public")

WORLD: dict[str, Any] = {
    "run": {"months": MONTHS, "adopters": 600, "seed": 5},
    # strong loops, so that a cut shows: data that teach, power that binds, an overloaded API
    "parameters": {
        "prices": {"experience_exponent": 0.2, "mean_load": 2.0},
        "regions": {"US": {"power": 1.0}},
        "sectors": {"software": {"data_gain": 2.0}, "enterprise": {"data_gain": 2.0}, "robotics": {"data_gain": 5.0}},
    },
    "policies": [
        {"kind": "export_control", "strength": 0.6},
        {"kind": "data_mandate", "actor": "CN", "strength": 0.2},
    ],
    "reactions": [
        {"watch": "concentration", "threshold": 0.1, "gain": 2, "hold": 2, "lag": 2, "action": {"kind": "scrutiny"}},
    ],
}


looped = partial(world, base=WORLD)


def both(one: Scenario, other: Scenario) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    arrays = simulate([(one, 0), (other, 0)])
    return {name: values[0] for name, values in arrays.items()}, {name: values[1] for name, values in arrays.items()}


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


EQUIVALENT: dict[str, dict[str, Any]] = {
    "R4": {"attention": {"word_of_mouth": 0.0}},
    "R5": {"adopter": {"peer_weight": 0.0}},
    "R6": {"prices": {"experience_exponent": 0.0}},
    "R7": {"adopter": {"learning_weight": 0.0}},
    "B1": {"prices": {"congestion": 0.0}},
    "B2": {"technology": {"distillation": 0.0, "weight_borrowing": 0.0}},
    "B3": {"regions": {region: {"power": 1e6} for region in ("US", "CN", "EU", "GS")}},
}
"""Loops that can also be taken out by a parameter: both ways must give the same world."""


@pytest.mark.parametrize("loop", sorted(EQUIVALENT))
def test_a_loop_switched_off_is_a_world_without_its_parameter(loop):
    off, without = both(looped(loops={loop: "off"}), looped(parameters=EQUIVALENT[loop]))
    shadow = {"borrowed"}  # what was cut goes on integrating and is recorded
    for name in off:
        if name not in shadow:
            assert np.allclose(off[name], without[name], rtol=1e-11, atol=1e-13, equal_nan=True), name


def test_the_data_loop_switched_off_is_a_world_whose_labs_capture_nothing():
    capture = {kind: {"telemetry": 0.0, "hosted_telemetry": 0.0} for kind in KINDS}
    off, without = both(looped(loops={"R1": "off"}), looped(parameters=capture))
    for name in ("L1", "focus_share", "sector_capability", "usage", "adoption", "data_gain"):
        assert np.allclose(off[name], without[name], rtol=1e-11, equal_nan=True), name
    assert (off["data"][-1] > without["data"][-1]).any(), "the cut stock goes on integrating"


def test_the_partner_loop_switched_off_is_a_world_without_partners_and_mandates():
    controls = [WORLD["policies"][0], {"kind": "data_mandate", "actor": "CN", "strength": 0.0}]
    tell = {"kind": "data_mandate", "actor": "CN", "strength": 0.2}
    off = looped(loops={"R1p": "off"}, policies=[WORLD["policies"][0]])
    without = looped(parameters={"technology": {"partner_capture": 0.0}}, policies=controls)
    one, other = both(off, without)
    for name in ("L1", "focus_share", "sector_capability", "usage", "adoption", "data_gain"):
        assert np.allclose(one[name], other[name], rtol=1e-11, equal_nan=True), name
    live, cut = both(looped(policies=[tell]), looped(loops={"R1p": "off"}, policies=[tell]))
    assert (cut["data_pool"][-1] > 0).any(), "the pool fills though nobody learns from it"
    chinese = [number for number, line in enumerate(off.roster.values()) if line.region == "CN"]
    assert (live["data_gain"][-1, chinese] > cut["data_gain"][-1, chinese]).all()


def test_the_ecosystem_loop_switched_off_is_a_world_whose_lines_are_all_worth_an_equal_ecosystem():
    # equal shares add the same to every line, which leaves only the choice of no line at all to be made up for
    weight, p = 0.8, looped().parameters
    outside = {
        kind: {"outside_value": getattr(p, kind).outside_value - weight / len(looped().roster)}
        for kind in ("startup", "enterprise", "industrial", "public")
    }
    without = {"adopter": {"ecosystem_weight": 0.0}, "community": {"derivative_gain": 0.0}, **outside}
    off, other = both(
        looped(loops={"R3": "off"}, parameters={"adopter": {"ecosystem_weight": weight}}), looped(parameters=without)
    )
    for name in off:
        if name != "surplus":  # measured from a zero that has moved
            assert np.allclose(off[name], other[name], rtol=1e-11, atol=1e-13, equal_nan=True), name


def test_the_ecosystem_loop_switched_off_is_a_world_that_values_every_line_by_an_equal_share():
    """Equal shares add the same to all lines, which is the same as taking it from the worth of using none."""
    plain = looped().parameters
    equal = plain.adopter.ecosystem_weight / len(looped().roster)
    without = {
        **{kind: {"outside_value": getattr(plain, kind).outside_value - equal} for kind in KINDS},
        "adopter": {"ecosystem_weight": 0.0},
        "community": {"derivative_gain": 0.0},
    }
    off, other = both(looped(loops={"R3": "off"}), looped(parameters=without))
    for name in off:
        if name != "surplus":
            assert np.allclose(off[name], other[name], rtol=1e-9, atol=1e-12, equal_nan=True), name
    cheaper = (off["surplus"] - other["surplus"])[~np.isnan(off["surplus"])]
    assert (cheaper > 0).all(), "and the surplus counts it"


def test_without_the_revenue_loop_capex_is_what_time_makes_it():
    off, _ = both(looped(loops={"R2": "off"}), looped())
    c = looped().parameters.compute
    months = np.arange(MONTHS)
    growth = np.exp(c.capex_growth * c.capex_slowdown * (1 - np.exp(-months / c.capex_slowdown)))
    start = np.array([getattr(looped().parameters.regions, region).capex for region in ("US", "CN", "EU", "GS")])
    assert np.allclose(off["capex"], start * growth[:, None], rtol=1e-12)


def test_without_protected_learning_domestic_chips_neither_cheapen_nor_scale():
    off, live = both(looped(loops={"R8": "off"}), looped())
    capacity = looped().parameters.regions.CN.domestic_capacity
    assert (off["chips_output"][:, 1] <= capacity).all()
    assert live["chips_output"][-1, 1] > off["chips_output"][-1, 1]
    assert off["chip_capacity"][-1, 1] > capacity, "the cut stock goes on integrating"


def test_without_diminishing_returns_data_are_worth_what_the_chord_says():
    off, _ = both(looped(loops={"B4": "off"}), looped())
    sectors = looped().parameters.sectors
    for number, name in enumerate(("software", "enterprise", "manufacturing", "logistics", "robotics", "public")):
        sector = getattr(sectors, name)
        chord = sector.data_gain * (1 - 2**-sector.data_exponent) / sector.data_scale
        # telemetry and partners of the month before; pools are China's alone
        own = off["data"][:-1, 0, number]
        assert np.allclose(off["data_gain"][1:, 0, number], chord * own, rtol=1e-9), name


@pytest.mark.parametrize("loop", sorted(set(LOOPS)))
def test_a_loop_frozen_at_a_month_changes_nothing_before_and_something_after(loop):
    live, frozen = both(looped(), looped(loops={loop: f"frozen@{CUT}"}))
    # the signal of the cut month still passes, so its own month is untouched
    for name in live:
        assert same(live[name][: CUT + 1], frozen[name][: CUT + 1]), name
    assert any(not same(live[name], frozen[name]) for name in live)


@pytest.mark.parametrize("loop", sorted(set(LOOPS)))
def test_a_loop_switched_off_changes_the_world(loop):
    live, off = both(looped(), looped(loops={loop: "off"}))
    assert any(not same(live[name], off[name]) for name in live)


SHADOWS = {
    "R1": "data",
    "R1p": "data_pool",
    "R2": "revenue_share",
    "R3": "derivatives",
    "R4": "installed_base",
    "R6": "experience",
    "R8": "chip_capacity",
    "B1": "load",
    "B2": "borrowed",
    "B5": "reaction_decided",
}
"""What is recorded of a loop before the place where it is cut. Of the other loops nothing is: peers' lines and tenure
are adopters' own, the powered share is recorded as the compute sees it, and data decay inside the stock."""


@pytest.mark.parametrize("switch", ["off", f"frozen@{CUT}"])
@pytest.mark.parametrize("loop", sorted(SHADOWS))
def test_what_a_cut_loop_would_have_told_goes_on_moving(loop, switch):
    cut, _ = both(looped(loops={loop: switch}), looped())
    shadow = cut[SHADOWS[loop]]
    assert all(not same(one, other) for one, other in zip(shadow[CUT + 2 : -1], shadow[CUT + 3 :], strict=True))


@pytest.mark.parametrize("loop", ["R1", "R1p", "R3", "R6", "R8", "B2"])
def test_a_stock_before_a_cut_goes_on_integrating(loop):
    # a stock that forgot its past would hold only the newest month's inflow
    cut, live = both(looped(loops={loop: "off"}), looped())
    name = SHADOWS[loop]
    assert cut[name][-1].sum() > 0.5 * live[name][-1].sum() > 0


def test_the_worth_of_data_is_held_though_data_go_on_growing():
    held, _ = both(looped(loops={"R1": f"frozen@{CUT}", "R1p": f"frozen@{CUT}"}), looped())
    assert all(same(held["data_gain"][CUT], gain) for gain in held["data_gain"][CUT:])
    assert (held["data"][-1] > held["data"][CUT]).any()
    assert (held["data_pool"][-1] > held["data_pool"][CUT]).any()


def test_the_reaction_loop_switched_off_is_a_world_whose_governments_follow_no_rule():
    off, without = both(looped(loops={"B5": "off"}), looped(reactions=[]))
    assert all(same(off[name], without[name]) for name in OBSERVABLES)
    assert (off["reaction_decided"] > 0).any(), "what was cut goes on deciding"


def test_a_frozen_reaction_stays_as_it_was():
    live, frozen = both(looped(), looped(loops={"B5": f"frozen@{CUT}"}))
    held = frozen["reaction_strength"][:, 0]
    assert held[CUT] > 0
    assert (held[CUT:] == held[CUT]).all()
    assert (live["reaction_strength"][CUT:, 0] != held[CUT]).any()


def test_a_loop_frozen_beyond_the_horizon_is_live_bit_for_bit():
    live, frozen = both(looped(), looped(loops=dict.fromkeys(LOOPS, f"frozen@{MONTHS + 5}")))
    assert all(same(live[name], frozen[name]) for name in live)


def test_cutting_the_data_loop_shows_first_in_what_data_are_worth():
    live, cut = both(looped(), looped(loops={"R1": "off"}))

    def first_difference(name: str) -> int:
        differs = np.array([not same(one, other) for one, other in zip(live[name], cut[name], strict=True)])
        return int(differs.argmax()) if differs.any() else MONTHS

    assert first_difference("data_gain") <= first_difference("sector_capability") <= first_difference("usage")
    assert first_difference("chips_legal") > first_difference("data_gain")


def test_a_switch_reads_back_as_it_was_written():
    for text in ("live", "off", "frozen@2026-01"):
        assert str(Switch.parse(text)) == text
    assert Switch.parse("live").until == ALWAYS
    assert str(Switch.parse("frozen@24")) == "frozen@2026-01"
    for text in ("on", "frozen", "frozen@", "frozen@2026-13", "frozen@-1"):
        with pytest.raises(ValueError, match=r"switch|month"):
            Switch.parse(text)


def test_a_pool_that_names_its_labs_is_closed_to_domestic_ones():
    mandate = {"kind": "data_mandate", "actor": "CN", "strength": 0.2}
    everyone = looped(loops={"R1": "off"}, parameters={"technology": {"partner_capture": 0.0}}, policies=[mandate])
    named = looped(
        loops={"R1": "off"},
        parameters={"technology": {"partner_capture": 0.0}},
        policies=[{**mandate, "labs": ["EU-open"]}],
    )
    domestic, listed = both(everyone, named)
    lines = list(everyone.roster)
    china, europe = lines.index("CN-open-A"), lines.index("EU-open")
    assert domestic["data_gain"][-1, china].sum() > 0
    assert domestic["data_gain"][-1, europe].sum() == 0
    assert listed["data_gain"][-1, china].sum() == 0
    assert listed["data_gain"][-1, europe].sum() > 0
