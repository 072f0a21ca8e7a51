"""What policies may move, how two of them combine, and what holds for every policy that has a file."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.basics.axes import MODES, REGIONS, SECTORS, month_label
from sim.basics.quantity import describe_field, is_quantity
from sim.engines.lockstep.engine import simulate
from sim.engines.lockstep.month_levers import MonthLevers
from sim.engines.world import build
from sim.model.agents.adopter_types import TYPES
from sim.model.events import EVENT_KINDS
from sim.model.levers import LEVERS, Pull, added, axis_labels, combine
from sim.model.observables import OBSERVABLES
from sim.model.policies import Policy, policy_kinds
from sim.model.policies.base import everyone
from sim.scenario import Scenario
from tests.worlds import world

LINES = {name: line.region for name, line in Scenario(name="defaults").roster.items()}
KINDS = policy_kinds()
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
EVERY_LEVER = pytest.mark.parametrize("name", LEVERS)
MONTHS = 40
small = partial(world, months=10, adopters=400)

SPENDS = {"grid_buildout", "chip_self_reliance", "enforcement", "open_weight_support"}
"""Policies whose public money is part of the policy; those of others is a rebate, or nothing."""


def values(name):
    """Values that a policy may give a lever."""
    low, high = {"add": (-5, 5), "multiply": (0, 5), "smallest": (-5, 5)}.get(LEVERS[name].rule, (0, 1))
    return st.floats(low, high)


def together(*pulls, months=MONTHS):
    return combine(pulls, LINES, months)


def policy(kind, **keys):
    return KINDS[kind](**{"kind": kind, "start": 12, **keys})


def planned(entry, months=MONTHS, anticipation=0.5, anticipation_time=6.0):
    return entry.schedule(months, anticipation, anticipation_time)


def pulled(entry, **options):
    return together(*entry.pull(planned(entry, **options)))


def strengths(kind):
    """The numbers of a policy that say how much."""
    return KINDS[kind].graded


LISTS = {"access_restriction": {"blocked_lines": ("US-closed-A",)}}
"""What a policy must name before all of it can act."""


def at_full_strength(kind, **keys):
    """A policy with every strength well above zero, within its bounds."""
    set_to = {}
    for key in strengths(kind):
        row = describe_field(key, KINDS[kind].model_fields[key], 0, 0)
        set_to[key] = min(0.5, row.high) if row.high <= 1 else 2.0
    return policy(kind, **{**LISTS.get(kind, {}), **set_to, **keys})


def named(flags):
    """The lines that a flag per line picks."""
    return [name for name, yes in zip(LINES, flags, strict=True) if yes]


def moved_by(levers):
    """The levers that are not at their neutral value."""
    return {name for name, path in levers.items() if not np.array_equal(path, np.full_like(path, LEVERS[name].neutral))}


# -- combining -------------------------------------------------------------------------------------------------------


def test_nobody_pulls_and_every_lever_is_neutral():
    levers = combine([], LINES, MONTHS)
    assert set(levers) == set(LEVERS)
    assert not moved_by(levers)
    labels = axis_labels(tuple(LINES))
    for name, path in levers.items():
        assert path.shape == (1, *(len(labels[axis]) for axis in LEVERS[name].axes)), name


@EVERY_LEVER
def test_a_lever_says_what_it_moves(name):
    lever = LEVERS[name]
    assert lever.name == name
    assert lever.unit
    assert lever.meaning
    assert lever.neutral == {"multiply": 1, "smallest": np.inf}.get(lever.rule, 0)
    assert set(lever.axes) <= {"region", "origin", "sector", "type", "line", "mode"}


@EVERY_LEVER
@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_order_of_policies_never_matters(name, data):
    strengths_ = data.draw(st.lists(values(name), min_size=2, max_size=4))
    pulls = [Pull(name, np.full(3, value)) for value in strengths_]
    first = together(*pulls, months=3)[name]
    # neighbours that may trade places, whatever stands around them, may come in any order
    for place in range(len(pulls) - 1):
        order = [*pulls[:place], pulls[place + 1], pulls[place], *pulls[place + 2 :]]
        assert np.array_equal(together(*order, months=3)[name], first), "to the last bit"


@EVERY_LEVER
@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_neutral_pull_leaves_every_bit(name, data):
    pulls = [Pull(name, np.full(3, value)) for value in data.draw(st.lists(values(name), min_size=1, max_size=4))]
    nothing = Pull(name, np.full(3, LEVERS[name].neutral))
    alone, beside = together(*pulls, months=3)[name], together(nothing, *pulls, nothing, months=3)[name]
    if len(pulls) == 1:
        assert np.array_equal(alone, np.broadcast_to(pulls[0].spread(LINES), alone.shape))
    assert np.array_equal(alone, beside)


@EVERY_LEVER
@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_two_policies_on_one_lever_combine_as_declared(name, data):
    a, b = data.draw(values(name)), data.draw(values(name))
    path = together(Pull(name, np.full(2, a)), Pull(name, np.full(2, b)), months=2)[name]
    expected = {
        "fraction": 1 - (1 - a) * (1 - b),
        "add": a + b,
        "multiply": a * b,
        "largest": max(a, b),
        "smallest": min(a, b),
    }
    assert np.allclose(path, expected[LEVERS[name].rule], rtol=1e-12, atol=1e-12)
    if LEVERS[name].rule == "fraction":
        assert (path >= max(a, b) - 1e-12).all()
        assert (path <= 1).all()


@EVERY_LEVER
def test_a_pull_without_targets_reaches_everything(name):
    value = np.linspace(0, 1, MONTHS)
    path = together(Pull(name, value))[name]
    assert np.allclose(path, value.reshape(-1, *(1,) * (path.ndim - 1)), rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("value", [0.3, 0.99, 1.0])
def test_a_single_pull_arrives_to_the_last_bit_of_what_was_said(value):
    assert (together(Pull("export_denial", np.full(MONTHS, value)))["export_denial"] == value).all()


@EVERY_LEVER
def test_targets_are_hit_and_nobody_else(name):
    lever, labels = LEVERS[name], axis_labels(tuple(LINES))
    targets = {axis: (labels[axis][1], labels[axis][-1]) for axis in lever.axes}
    value = 0.25 if lever.rule != "multiply" else 3.0
    path = together(Pull(name, np.full(2, value), targets), months=2)[name]
    hit = np.ones(path.shape[1:], bool)
    for position, axis in enumerate(lever.axes):
        along = np.array([label in targets[axis] for label in labels[axis]])
        hit &= along.reshape([-1 if n == position else 1 for n in range(len(lever.axes))])
    assert hit.any()
    assert not hit.all()
    assert np.array_equal(path, np.broadcast_to(np.where(hit, value, lever.neutral), path.shape))


def test_home_picks_lines_by_the_region_of_their_lab():
    ban = together(Pull("ban", np.full(2, 0.9), {"home": ("CN",), "region": ("US",)}), months=2)["ban"]
    hit = (ban > 0).any(axis=(0, 1, 2, 3, 5))
    assert named(hit) == [name for name, home in LINES.items() if home == "CN"]
    assert (ban[:, 1:] == 0).all()
    both = together(Pull("ban", np.full(2, 0.9), {"home": ("CN",), "line": ("CN-open-A", "US-open")}), months=2)["ban"]
    hit = (both > 0).any(axis=(0, 1, 2, 3, 5))
    assert named(hit) == ["CN-open-A"], "a named line with another home is spared"


def test_home_means_nothing_to_a_lever_without_lines():
    pull = Pull("friction", np.full(2, 1.0), {"home": ("CN",)})
    assert (together(pull, months=2)["friction"] == 1).all()


def test_weights_grade_an_axis_around_neutral():
    weights = {"mode": {"api": 1.0, "hosted": 0.6, "self_hosted": 0.4}}
    friction = together(Pull("friction", np.full(2, 0.5), {"origin": ("CN",)}, weights), months=2)["friction"]
    assert friction[0, 0, REGIONS.index("CN"), 0] == pytest.approx([0.5, 0.3, 0.2])
    assert (friction[:, :, REGIONS.index("US")] == 0).all()
    push = together(Pull("push", np.full(2, 3.0), {}, {"sector": {"public": 0.5, "software": 0.0}}), months=2)["push"]
    assert push[0, 0] == pytest.approx([1, 3, 3, 3, 3, 2]), "half of the way from 1 to 3"


@pytest.mark.parametrize("targets", [{"region": ()}, {"home": ()}, {"line": ("nobody",)}])
def test_a_pull_at_nobody_moves_nothing(targets):
    assert (together(Pull("ban", np.full(2, 1.0), targets), months=2)["ban"] == 0).all()


@EVERY_LEVER
def test_pulls_of_some_runs_leave_the_lever_of_the_others_as_it_stands(name):
    """Three runs at a level of a half; only the first and the last are pulled, each by a rule of its own."""
    lever = LEVERS[name]
    stands = np.full((3, *(len(axis_labels(tuple(LINES))[axis]) for axis in lever.axes)), 0.5)
    moves = [(np.array([run]), [Pull(name, np.array([0.8]))]) for run in (0, 2)]
    moved = added({name: stands}, moves, LINES, 3)[name]
    both = {"fraction": 0.9, "add": 1.3, "multiply": 0.4, "largest": 0.8, "smallest": 0.5}[lever.rule]
    assert moved.reshape(3, -1)[:, 0] == pytest.approx([both, 0.5, both])
    assert np.array_equal(moved[1], stands[1]), "to the bit"


@EVERY_LEVER
def test_a_lever_that_is_pulled_in_one_place_of_one_run_is_pulled(name):
    lever = LEVERS[name]
    rest = np.full((2, 3, *(len(axis_labels(tuple(LINES))[axis]) for axis in lever.axes)), lever.neutral)
    moving = rest.copy()
    moving[1, 1].flat[-1] = 0.5
    for path, months in ((rest, []), (moving, [1]), (rest[:, :1], []), (moving[:, 1:2], [0, 1, 2])):
        by_month = MonthLevers({name: path})
        assert [month for month in range(3) if name in by_month.of(month)[1]] == months


@EVERY_LEVER
def test_levers_do_not_touch_each_other(name):
    path = combine([Pull(name, np.full(MONTHS, 0.5))], LINES, MONTHS)
    assert moved_by(path) == {name}


def test_pulls_of_different_length_say_so():
    with pytest.raises(ValueError, match="broadcast"):
        together(Pull("grid_power", np.ones(3)), Pull("grid_power", np.ones(4)), months=4)


# -- schedules -------------------------------------------------------------------------------------------------------


class Measure(Policy):
    """A policy of nothing, to look at its dates."""

    kind: str = "measure"


def dated(months=30, **keys):
    return planned(Measure(**keys), months)


def test_a_policy_without_ramp_is_at_full_strength_from_its_first_month():
    for ramp in (0, 1):
        schedule = dated(start=5, ramp=ramp)
        assert schedule.ramp.tolist() == [0] * 5 + [1] * 25
        assert schedule.since_start.tolist() == list(range(-5, 25))


def test_a_ramp_reaches_full_strength_in_its_last_month():
    schedule = dated(start=5, ramp=4)
    assert schedule.ramp[4:10].tolist() == [0, 0.25, 0.5, 0.75, 1, 1]


def test_a_policy_ends_at_once_or_fades():
    assert dated(start=2, end=6).ramp.tolist() == [0, 0, 1, 1, 1, 1] + [0] * 24
    assert dated(start=2, end=6, fade=1).ramp.tolist() == [0, 0, 1, 1, 1, 1] + [0] * 24
    fading = dated(start=2, end=6, fade=4).ramp
    assert fading[:12].tolist() == [0, 0, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0, 0]


@given(
    st.integers(0, 40),
    st.integers(0, 50),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 40),
    st.floats(0, 1),
    st.floats(0.5, 24),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_schedule_is_a_share_that_rises_once_and_falls_once(start, lasting, ramp, fade, notice, anticipation, time):
    entry = Measure(start=start, end=start + lasting + 1, ramp=ramp, fade=fade, announce=max(start - notice, 0))
    schedule, t = planned(entry, 90, anticipation, time), np.arange(90)
    for path in (schedule.ramp, schedule.announced, schedule.ahead):
        assert path.shape == (90,)
        assert (path >= 0).all()
        assert (path <= 1).all()
    assert (schedule.ramp[t < start] == 0).all()
    assert schedule.ramp[start] > 0
    assert (np.diff(schedule.ramp[(t >= start) & (t < entry.end)]) >= 0).all()
    assert (np.diff(schedule.ramp[t >= entry.end]) <= 0).all()
    assert (schedule.ramp[t >= entry.end + max(fade, 1) - 1] == 0).all()
    assert np.array_equal(schedule.announced, ((t >= entry.announce) & (t < start)).astype(float))
    assert (schedule.ahead[schedule.announced == 0] == 0).all()
    assert (schedule.ahead <= anticipation).all()
    assert (np.diff(schedule.ahead[schedule.announced == 1]) >= 0).all(), "the nearer, the more it is felt"


def test_an_announced_measure_is_felt_more_the_nearer_it_is():
    schedule = dated(start=10, announce=6)
    assert schedule.announced.tolist() == [0] * 6 + [1] * 4 + [0] * 20
    assert schedule.ahead[6:10] == pytest.approx(0.5 * np.exp(-np.array([4, 3, 2, 1]) / 6))


def test_what_is_announced_when_it_starts_is_not_felt_before():
    for schedule in (dated(start=10), dated(start=10, announce=10)):
        assert not schedule.announced.any()
        assert not schedule.ahead.any()


def test_a_policy_beyond_the_horizon_never_comes():
    schedule = dated(months=12, start=12)
    assert not schedule.ramp.any()
    assert dated(months=12, start=0).ramp.all()


def test_dates_are_told_in_words():
    assert Measure(start=24).when() == "from 2026-01"
    assert Measure(start=24, ramp=1, fade=1).when() == "from 2026-01"
    assert Measure(start=24, ramp=2, fade=2).when() == "from 2026-01, phased in over 2 months, phased out over 2 months"
    assert Measure(start=24, end=48).when() == "from 2026-01 to 2028-01"
    long = Measure(start=24, end=48, ramp=12, fade=6, announce=18).when()
    assert long == "from 2026-01 to 2028-01, phased in over 12 months, phased out over 6 months, announced 2025-07"


def test_targets_are_told_in_words():
    assert everyone(None) == "all"
    assert everyone(("US", "CN")) == "US, CN"
    assert everyone(()) == "none"


# -- every policy that has a file ------------------------------------------------------------------------------------


def test_every_policy_has_its_own_place_in_the_catalogue():
    numbers = [kind.number for kind in KINDS.values()]
    assert numbers == sorted(set(numbers))
    assert KINDS
    assert "measure" not in KINDS


@EVERY_KIND
def test_a_policy_says_what_it_does_in_a_sentence(kind):
    for entry in (policy(kind), at_full_strength(kind)):
        sentence = entry.effect()
        assert sentence == sentence.strip()
        assert len(sentence.split()) >= 4
        assert not re.search(r"[{}]|None|nan|\binf\b|\(\)|<|,,|  ", sentence)
        assert not sentence.endswith((".", ",")), "dates follow"
        assert entry.when().startswith(f"from {month_label(12)}")


@EVERY_KIND
def test_a_policy_tells_its_numbers(kind):
    """A change of strength changes the sentence, so `describe` never hides what a file says."""
    for key in strengths(kind):
        if key not in ("growth",):
            assert policy(kind, **{key: 0.25}).effect() != policy(kind, **{key: 0.75}).effect(), key


@EVERY_KIND
def test_a_policy_pulls_declared_levers_with_known_targets(kind):
    labels = axis_labels(tuple(LINES))
    for pull in at_full_strength(kind).pull(planned(at_full_strength(kind))):
        lever = LEVERS[pull.lever]
        assert np.shape(pull.value) == (MONTHS,)
        assert set(pull.targets) <= {*lever.axes, *({"home"} if "line" in lever.axes else ())}, pull.lever
        assert set(pull.weights) <= set(lever.axes)
        for axis, wanted in pull.targets.items():
            assert wanted is None or set(wanted) <= set(labels["region" if axis == "home" else axis])


@EVERY_KIND
def test_a_policy_moves_something_once_it_has_started(kind):
    assert moved_by(pulled(at_full_strength(kind)))


@EVERY_KIND
def test_a_policy_at_zero_strength_pulls_nothing(kind):
    for dates in ({}, {"announce": 6, "ramp": 5, "end": 24, "fade": 6}):
        entry = policy(kind, **LISTS.get(kind, {}), **dict.fromkeys(strengths(kind), KINDS[kind].neutral), **dates)
        assert not moved_by(pulled(entry)), f"{kind} at zero still pulls"


@EVERY_KIND
def test_a_policy_does_nothing_before_it_is_announced_or_starts(kind):
    for dates, first in (({}, 12), ({"announce": 12}, 12), ({"announce": 6}, 6), ({"ramp": 9, "announce": 0}, 0)):
        for name, path in pulled(at_full_strength(kind, **dates)).items():
            assert (path[:first] == LEVERS[name].neutral).all() or path.shape[0] == 1, name
    announced = moved_by(pulled(at_full_strength(kind, start=MONTHS, announce=5)))
    assert announced <= {"friction", "stockpiling"}, "only what is felt ahead moves before the start"


@EVERY_KIND
def test_a_policy_names_the_numbers_that_say_how_much(kind):
    fields = KINDS[kind].model_fields
    assert KINDS[kind].graded
    for key in KINDS[kind].graded:
        row = describe_field(key, fields[key], 0, 0)
        assert is_quantity(fields[key])
        assert row.low <= KINDS[kind].neutral <= row.high, "doing nothing is possible"


@EVERY_KIND
def test_a_policy_rises_with_its_ramp_and_leaves_with_its_fade(kind):
    entry = at_full_strength(kind, ramp=6, end=28, fade=5)
    once = at_full_strength(kind)
    for name, path in pulled(entry).items():
        neutral, full = LEVERS[name].neutral, pulled(once)[name]
        if path.shape[0] == 1 or name in ("fiscal_cost", "grid_power", "compute_grant"):
            continue
        if np.isfinite(neutral):
            assert (abs(path - neutral) <= abs(full - neutral) + 1e-12).all(), name
        assert np.array_equal(path[18:28], full[18:28]), name
        assert (path[32:] == neutral).all(), name


@EVERY_KIND
def test_a_policy_acts_where_its_actor_or_its_targets_are(kind):
    """A policy of Europe touches no adopter elsewhere, unless it names regions."""
    entry = at_full_strength(kind, actor="EU")
    where = {"EU", *(getattr(entry, "regions", None) or ()), *getattr(entry, "blocked_regions", ())}
    for name, path in pulled(entry).items():
        if "region" in LEVERS[name].axes and path.shape[0] > 1:
            elsewhere = [n for n, region in enumerate(REGIONS) if region not in where]
            assert (path[:, elsewhere] == LEVERS[name].neutral).all(), name


@EVERY_KIND
def test_public_money_is_counted_where_it_is_spent(kind):
    cost = pulled(at_full_strength(kind, actor="EU"))["fiscal_cost"]
    elsewhere = [n for n, region in enumerate(REGIONS) if region != "EU"]
    assert (cost >= 0).all()
    assert (cost[:, elsewhere] == 0).all(), "the actor pays"
    assert (cost > 0).any() == (kind in SPENDS)
    if kind in SPENDS:
        assert (cost[:12] == 0).all()


def test_what_public_money_buys_is_what_is_booked():
    grid = pulled(policy("grid_buildout", actor="US", power=20, lead=10))
    assert grid["fiscal_cost"][:, 0].sum() == pytest.approx(2.5 * 20)
    assert grid["grid_power"][11:23, 0] == pytest.approx([0, *range(2, 21, 2), 20])
    chips = pulled(policy("chip_self_reliance", actor="CN", subsidy=3, ramp=3))
    assert np.array_equal(chips["fiscal_cost"], chips["chip_subsidy"])
    assert chips["chip_subsidy"][11:16, 1] == pytest.approx([0, 1, 2, 3, 3])
    watch = pulled(policy("enforcement", strength=0.5))
    assert watch["fiscal_cost"][12:, 0] == pytest.approx(0.01 * 5), "0.01 $B for each tenth"
    assert watch["enforcement"][12:, 1] == pytest.approx(0.5)


def test_a_grid_that_is_torn_down_is_not_paid_back():
    grid = pulled(policy("grid_buildout", power=12, lead=6, end=24, fade=6))
    assert (grid["fiscal_cost"] >= 0).all()
    assert grid["fiscal_cost"].sum() == pytest.approx(2.5 * 12)


def test_export_control_denies_and_moves_purchases_ahead():
    levers = pulled(policy("export_control", strength=0.6, stockpiling=0.3, announce=8, regions=("CN", "GS")))
    assert levers["export_denial"][11:13].tolist() == [[0, 0, 0, 0], [0, 0.6, 0, 0.6]]
    assert levers["stockpiling"][7:13, 1].tolist() == [0, 0.3, 0.3, 0.3, 0.3, 0]


def test_two_controls_deny_what_each_leaves():
    entries = [policy("export_control", strength=s) for s in (0.5, 0.6)]
    levers = together(*(pull for entry in entries for pull in entry.pull(planned(entry))))
    assert levers["export_denial"][-1, 1] == pytest.approx(0.8)


TWICE = {
    "api_tariff": ("tariff", 0.25, 0.5),
    "enforcement": ("enforcement", 0.5, 0.75),
    "tool_control": ("tool_control", 0.5, 0.75),
    "capex_moonshot": ("capex_boost", 0.25, 0.5),
    "access_restriction": ("access_restriction", 0.5, 1 - (1 - 0.5 * 0.6) ** 2),
    "compute_voucher": ("compute_voucher", 0.5, 0.75),
    "adoption_subsidy": ("adoption_subsidy", 0.5, 1 - (1 - 0.5 * 0.7) ** 2),
    "procurement_ban": ("ban", 0.5, 0.75),
    "sovereign_preference": ("preference", 0.5, 1.0),
    "scrutiny": ("friction", 0.5, 1.0),
    "deployment_push": ("push", 2.0, 4.0),
    "data_mandate": ("data_mandate", 0.5, 0.75),
    "privacy_limit": ("privacy", 0.5, 0.75),
}


@pytest.mark.parametrize("kind", TWICE)
def test_two_policies_of_a_kind_come_to_this(kind):
    """Taxes, worths and frictions add up; of what is denied, paid or forbidden each takes from what the other left."""
    lever, strength, both = TWICE[kind]
    graded = KINDS[kind].graded[0]
    entries = [policy(kind, **{graded: strength}) for _ in range(2)]
    levers = together(*(pull for entry in entries for pull in entry.pull(planned(entry))))
    assert levers[lever][-1].max() == pytest.approx(both)


def test_a_subsidy_splits_into_what_arrives_and_what_leaks():
    levers = pulled(policy("adoption_subsidy", strength=0.4, passed_on=0.75, sectors=("robotics",), types=("startup",)))
    at = (-1, 0, SECTORS.index("robotics"), TYPES.index("startup"))
    assert levers["adoption_subsidy"][at] == pytest.approx(0.3)
    assert levers["subsidy_leak"][at] == pytest.approx(0.1)
    assert levers["adoption_subsidy"].max(axis=0).astype(bool).sum() == 1


def test_a_procurement_ban_binds_agencies_their_contractors_and_is_felt_ahead():
    levers = pulled(policy("procurement_ban", compliance=0.9, contractors=0.2, announce=8, modes=("api",)))
    ban, line = levers["ban"][-1, 0, :, :, :, MODES.index("api")], list(LINES).index("CN-open-A")
    assert ban[SECTORS.index("public"), TYPES.index("public"), line] == pytest.approx(0.9)
    assert ban[SECTORS.index("enterprise"), TYPES.index("enterprise"), line] == pytest.approx(0.18)
    assert (ban[:, TYPES.index("startup")] == 0).all()
    assert (ban[:, :, list(LINES).index("US-open")] == 0).all()
    assert (levers["ban"][..., 1:] == 0).all()
    assert (levers["base_ban"] == 0).all()
    ahead = levers["friction"][:, 0, REGIONS.index("CN"), SECTORS.index("public"), 0]
    assert ahead[8:13] == pytest.approx([*(0.9 * 0.5 * np.exp(-np.arange(4, 0, -1) / 6)), 0])
    third = pulled(policy("procurement_ban", compliance=0.9, coverage=1 / 3, announce=8, modes=("api",)))
    for name, most in (("ban", 0.3), ("friction", 0.3 * 0.5 * np.exp(-1 / 6))):
        assert third[name].max() == pytest.approx(most), f"a ban of one member state in three: {name}"
    by_name = pulled(policy("procurement_ban", lines=("CN-open-B",), derivatives=True))
    assert (by_name["ban"] == by_name["base_ban"]).all()
    hit = by_name["ban"][-1].max(axis=(0, 1, 2, 4)) > 0
    assert named(hit) == ["CN-open-B"]


def test_a_data_mandate_fills_a_pool_and_opens_it():
    levers = pulled(policy("data_mandate", actor="CN", strength=0.1, labs=("CN-open-A",), sectors=("robotics",)))
    robotics = SECTORS.index("robotics")
    assert levers["data_mandate"][-1, 1].tolist() == [0.1 if n == robotics else 0 for n in range(6)]
    assert levers["pool_access"][-1, 1, list(LINES).index("CN-open-A")] == 1
    assert levers["pool_access"][-1].sum() == 1
    assert "pool_access" not in moved_by(pulled(policy("data_mandate", actor="CN")))
    assert np.array_equal(levers["outside_value"], levers["data_mandate"]), "what is handed over is a cost to adopters"


@EVERY_KIND
def test_a_stronger_policy_pulls_its_levers_further(kind):
    """Monotone in every number that says how much, on every lever that it moves."""
    for key in strengths(kind):
        full = getattr(at_full_strength(kind), key)
        paths = [
            pulled(at_full_strength(kind, **{key: KINDS[kind].neutral + part * (full - KINDS[kind].neutral)}))
            for part in (0, 0.25, 0.5, 1)
        ]
        for name in LEVERS:
            if LEVERS[name].rule == "smallest":  # a threshold is there or not
                continue
            steps = np.diff(np.stack([np.broadcast_to(p[name], paths[-1][name].shape) for p in paths]), axis=0)
            assert (steps >= -1e-15).all() or (steps <= 1e-15).all(), (key, name)
        last, first = paths[-1], paths[0]
        assert any(not np.array_equal(last[name], first[name]) for name in LEVERS), f"{key} moves nothing"


def test_vouchers_pay_for_hardware_and_not_for_apis():
    levers = pulled(policy("compute_voucher", strength=0.4, types=("startup", "industrial")))
    assert levers["compute_voucher"][-1, 0].tolist() == [0.4, 0, 0.4, 0]
    assert levers["compute_voucher"][:, 1:].max() == 0
    free = {"kind": "compute_voucher", "start": 0, "types": list(TYPES), "strength": 0.9}
    plain, paid = (simulate([(small(*entries, months=3), 0)], threads=1) for entries in ((), (free,)))
    own = [outcome["usage"][0, -1, 0, :, 1:].sum() / outcome["usage"][0, -1, 0].sum() for outcome in (plain, paid)]
    assert own[1] > own[0]
    assert (paid["subsidy_paid"][0, :, 0] > 0).all()
    assert (paid["subsidy_paid"][0, :, 1:] == 0).all()


def test_a_grant_buys_chips_after_its_lead_and_is_paid_when_granted():
    levers = pulled(policy("open_weight_support", grant=2, lead=6, lines=("US-open", "EU-open"), end=20))
    at = list(LINES).index("EU-open")
    assert levers["compute_grant"][:, at].tolist() == [0] * 18 + [1] * 8 + [0] * 14
    assert levers["fiscal_cost"][:, 0].tolist() == [0] * 12 + [2] * 8 + [0] * 20
    opened = pulled(policy("open_weight_support", opens=True, cadence=-1, lines=("US-closed-A",)))
    at = list(LINES).index("US-closed-A")
    assert opened["open_release"][11:13, at].tolist() == [0, 1]
    assert opened["cadence_change"][11:13, at].tolist() == [0, -1]
    nobody = pulled(policy("open_weight_support", lines=()))
    assert not moved_by(nobody), "no lab, no bill"


def test_a_preference_is_for_the_actors_own_lines_unless_it_names_others():
    own = pulled(policy("sovereign_preference", actor="EU", strength=0.7))["preference"][-1]
    public = SECTORS.index("public")
    assert named(own[2, public].max(axis=0) == 0.7) == [name for name, home in LINES.items() if home == "EU"]
    assert np.count_nonzero(own) == len(TYPES) * sum(home == "EU" for home in LINES.values())
    allies = pulled(policy("sovereign_preference", actor="EU", origins=("US", "EU"), sectors=SECTORS))["preference"]
    assert named(allies[-1, 2, 0, 0] > 0) == [name for name, home in LINES.items() if home in ("US", "EU")]


def test_a_tariff_taxes_the_api_of_its_origins_only():
    tariff = pulled(policy("api_tariff", actor="EU", strength=0.3, origins=("CN",)))["tariff"][-1]
    assert tariff[2].tolist() == [0, 0.3, 0, 0]
    assert tariff[[0, 1, 3]].max() == 0


def test_evasion_takes_from_an_access_restriction_and_a_block_cuts_apis_only():
    entry = policy("access_restriction", strength=0.8, evasion=0.25, blocked=1, blocked_lines=("US-closed-A",))
    levers = pulled(entry)
    assert named(np.isclose(levers["access_restriction"][-1], 0.6)) == [n for n, home in LINES.items() if home == "CN"]
    ban = levers["ban"][-1]
    assert named(ban[1, ..., MODES.index("api")].max(axis=(0, 1)) == 1) == ["US-closed-A"]
    assert ban[..., 1:].max() == 0
    assert ban[[0, 2, 3]].max() == 0


def test_friction_after_an_incident_halves_and_rivals_are_in_the_news_once():
    entry = policy("security_incident", strength=2, half_life=4, news=0.2, origins=("CN",), regions=("US", "EU"))
    levers = pulled(entry)
    friction = levers["friction"][:, 0, 1, 0, 0]
    assert friction[11:21] == pytest.approx([0, *(2 * 0.5 ** (np.arange(9) / 4))])
    heard = levers["news"]
    assert np.flatnonzero(heard.max(axis=(1, 2))).tolist() == [12]
    assert named(heard[12, 0] == 0.2) == [name for name, home in LINES.items() if home != "CN"]


def test_a_quarter_of_an_incident_makes_a_quarter_of_the_friction_and_of_the_news():
    quarter = pulled(policy("security_incident", strength=2, news=0.2, origins=("CN",), ramp=4))
    assert quarter["friction"][12].max() == pytest.approx(2 / 4)
    assert quarter["news"][12].max() == pytest.approx(0.2 / 4)


def test_an_incident_that_a_government_tells_of_is_the_event_of_that_name():
    told = policy("security_incident", strength=1.5, half_life=9, news=0.1, regions=("US", "GS"))
    happened = EVENT_KINDS["incident"](
        start=12, friction=1.5, half_life=9, news=0.1, regions=("US", "GS"), origins=("CN",)
    )
    a, b = pulled(told), together(*happened.pull(MONTHS))
    for name in LEVERS:
        assert np.array_equal(a[name], b[name]), name


def test_an_openness_rule_holds_above_its_threshold_for_those_who_obey():
    levers = pulled(policy("openness_rule", actor="CN", rule="closed", threshold=1.5, strength=0.6))
    home = [home == "CN" for home in LINES.values()]
    assert levers["closed_above"][-1].tolist() == [1.5 if here else np.inf for here in home]
    assert levers["closed_duty"][-1] == pytest.approx([0.6 * here for here in home])
    assert moved_by(levers) == {"closed_above", "closed_duty"}
    # everybody above the bottom closes with the next release, and nobody without one
    rule = {"kind": "openness_rule", "actor": "CN", "rule": "closed", "threshold": -20, "start": 3}
    out = simulate([(small(rule, months=24), 0)], threads=1)
    chinese = np.array(home) & (out["openness"][0, 0] > 0)
    assert chinese.any()
    for line in np.flatnonzero(chinese):
        released = np.flatnonzero(out["release"][0, 3:, line] > 0)
        assert (np.diff(out["openness"][0, :, line]) != 0).sum() == (1 if released.size else 0)
        if released.size:
            assert out["openness"][0, 3 + released[0], line] == 0
            assert out["openness"][0, 2 + released[0], line] == 1
    forced = simulate([(small({**rule, "actor": "US", "rule": "open"}, months=24), 0)], threads=1)
    american = np.array([home == "US" for home in LINES.values()])
    assert (forced["openness"][0, -1][american & (forced["release"][0, 3:].max(axis=0) > 0)] == 1).all()
    none_obey = simulate([(small({**rule, "strength": 0}, months=24), 0)], threads=1)
    assert np.array_equal(none_obey["openness"], simulate([(small(months=24), 0)], threads=1)["openness"])


def test_a_push_multiplies_the_arrival_of_its_sectors():
    push = pulled(policy("deployment_push", actor="CN", strength=3, ramp=2, sectors=("robotics",)))["push"]
    assert push[11:14, 1, SECTORS.index("robotics")].tolist() == [1, 2, 3]
    assert np.count_nonzero(push[-1] != 1) == 1


def test_privacy_and_tools_reach_their_region():
    assert pulled(policy("privacy_limit", actor="EU", strength=0.4))["privacy"][-1].tolist() == [0, 0, 0.4, 0]
    assert pulled(policy("tool_control", strength=0.5))["tool_control"][-1].tolist() == [0, 0.5, 0, 0]


def test_the_bill_of_a_moonshot_and_of_subsidies_is_what_they_bought():
    moonshot = {"kind": "capex_moonshot", "start": 2, "strength": 0.25}
    out = simulate([(small(moonshot, months=6), 0)], threads=1)
    assert out["fiscal_cost"][0, 2:, 0] == pytest.approx(out["capex"][0, 2:, 0] * 0.25 / 1.25)
    assert (out["fiscal_cost"][0, :2] == 0).all()
    subsidy = {"kind": "adoption_subsidy", "actor": "GS", "start": 2}
    scenario = small(subsidy, months=6)
    out = simulate([(scenario, 0)], threads=1)
    tokens = scenario.parameters.prices.tokens_per_sector_year
    assert out["fiscal_cost"][0, 2:, 3] == pytest.approx(out["subsidy_paid"][0, 2:, 3] * tokens / 1000)
    assert (out["fiscal_cost"][0, 2:, 3] > 0).all()


# -- policies in the world -------------------------------------------------------------------------------------------


def same(a, b):
    for name in OBSERVABLES:
        assert np.array_equal(a[name], b[name], equal_nan=True), name


@EVERY_KIND
def test_a_policy_at_neutral_strength_changes_nothing(kind):
    entry = {"kind": kind, "start": 2, "announce": 1, **dict.fromkeys(strengths(kind), KINDS[kind].neutral)}
    same(simulate([(small(), 0)], threads=1), simulate([(small(entry), 0)], threads=1))


@EVERY_KIND
def test_a_policy_at_full_strength_changes_the_world(kind):
    keys = {key: getattr(at_full_strength(kind), key) for key in strengths(kind)}
    entry = {"kind": kind, "start": 2, **keys}
    # enforcement needs a control to enforce
    before = [{"kind": "export_control", "start": 0}] if kind == "enforcement" else []
    plain, moved = (small(*entries, months=18, adopters=3000) for entries in (before, [*before, entry]))
    a, b = (simulate([(each, 0)], threads=1) for each in (plain, moved))
    changed = {name for name in OBSERVABLES if not np.array_equal(a[name], b[name], equal_nan=True)}
    assert changed - {"fiscal_cost"}


def test_the_order_of_policies_in_a_file_changes_nothing():
    entries = [{"kind": kind, "start": 1 + n % 3, "actor": REGIONS[n % 4]} for n, kind in enumerate([*KINDS, *KINDS])]
    forward, backward = small(*entries), small(*entries[::-1])
    a, b = build([(forward, 0)]), build([(backward, 0)])
    for name in LEVERS:
        assert np.array_equal(a.levers[name], b.levers[name]), name
    same(simulate([(forward, 0)], threads=1), simulate([(backward, 0)], threads=1))


@EVERY_KIND
def test_a_policy_that_has_ended_pulls_no_more(kind):
    entry = at_full_strength(kind, end=20)
    stays = {"grid_power", "compute_grant"}  # what was connected stays connected, what was ordered arrives
    for name, path in pulled(entry).items():
        if path.shape[0] > 1 and name not in stays:
            assert (path[20:] == LEVERS[name].neutral).all(), name
