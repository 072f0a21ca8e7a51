"""Each step from a divergence to its cause, with worlds of a few made-up numbers."""

import math
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.basics.axes import API, HOSTED, REGIONS, SECTORS, SELF_HOSTED
from sim.basics.errors import FolderError, OutputError, RunError, ScenarioError
from sim.engines.probes.decision import OUTSIDE, Decision, Occasion, Race
from sim.experiments.explain import account, causal_chain, chapter, divergence, explanation, kind
from sim.experiments.explain.causal_chain import Chain, Link, Root
from sim.experiments.explain.causes import CauseTracer, _log_odds
from sim.experiments.explain.divergence import Divergence, Pair
from sim.experiments.explain.explanation import Explanation, Question
from sim.scenario.changes import differing_assumptions
from sim.scenario.resolve import from_mapping
from sim.scenario.spec import Scenario

SCENARIO = Scenario(name="base")
P = SCENARIO.parameters
SECTOR = SECTORS.index("robotics")
MONTH = 7
ENDS = ("_capability", "_frontier", "_sector_capability", "_data", "_use", "_training", "_region", "_leaders", "_end")


class Tracer(CauseTracer):
    """Two worlds that hold what a test says; every step but the one that is tested says that it was taken.

    ``both`` and ``seen`` map (name, month, *place) to values in both worlds; ``pulled`` are the levers that differ.
    """

    def __init__(self, tested, both=(), seen=(), pulled=(), newest=(4, 4), **about):
        traces = [SimpleNamespace(scenario=SCENARIO, series={}, sights={}) for _ in range(2)]
        self.pair = SimpleNamespace(base=traces[0], other=traces[1])
        self.worlds = self.base, self.other = traces
        self.lines, self.homes, self.assumptions = ["ours", "theirs", "third"], [1, 0, 1], ()
        self.both, self.seen, self.pulled, self.newest, self.asked = dict(both), dict(seen), pulled, newest, []
        self._links = []
        for name in ENDS:
            if name != tested:
                setattr(self, name, lambda *at, name=name, **more: (name, *at, *sorted(more.items())))
        vars(self).update(about)

    def _both(self, name, month, *at):
        return list(self.both[name, month, *at])

    def _seen(self, name, month, *at):
        return list(self.seen[name, month, *at])

    def _newest(self, line, month):
        return list(self.newest)

    def _policy(self, levers, month, at):
        self.asked.append((levers, month, at))
        known = [name for name in levers if name in self.pulled]
        return ("policy", known[0], month, at) if known else None

    def _release(self, line, when, month):
        return None


# what adopters see


@pytest.mark.parametrize(("demand", "step"), [(0.2, "_sector_capability"), (-0.1, "_frontier")])
def test_coverage_moves_with_the_line_or_with_what_tasks_demand(demand, step):
    """The line gains half a nat; how far coverage follows tells by how much the frontier raised what tasks demand."""
    odds = demand / P.technology.task_width
    both = {
        ("coverage", MONTH, 1, SECTOR): (0.5, 1 / (1 + math.exp(-odds))),
        ("sector_capability", MONTH, 1, SECTOR): (2.0, 2.5),
    }
    tracer = Tracer("_quality", both)
    assert tracer._quality(1, SECTOR, MONTH)[0] == step
    assert tracer._links[0].what == "tasks of robotics that theirs covers"
    assert _log_odds(0.75) == pytest.approx(math.log(3))
    assert (_log_odds(0.0), _log_odds(1.0)) == (0.0, 0.0)


def test_the_frontier_is_the_line_that_leads_in_the_other_world():
    tracer = Tracer("_frontier")
    tracer.base.series["released"] = np.tile([9.0, 1.0, 2.0], (9, 1))
    tracer.other.series["released"] = np.tile([1.0, 2.0, 3.0], (9, 1))
    assert tracer._frontier(MONTH, "why") == ("_capability", 2, MONTH, "why")


@pytest.mark.parametrize(
    ("whole", "step"), [((2.0, 2.3), ("_capability", 1, MONTH)), ((2.0, 5.0), ("_data", 1, SECTOR, 5))]
)
def test_capability_in_a_sector_is_general_or_what_data_add(whole, step):
    weight = P.sectors.robotics.capability_weight
    both = {("released", MONTH, 1): (1.0, 1.0 + 0.4 / weight), ("sector_capability", MONTH, 1, SECTOR): whole}
    tracer = Tracer("_sector_capability", both, newest=(3, 5))
    assert tracer._sector_capability(1, SECTOR, MONTH) == step
    if step[0] == "_data":
        link = tracer._links[0]
        assert (link.month, link.base, link.other) == pytest.approx((5, 2 - weight, 5 - weight - 0.4))


@pytest.mark.parametrize(
    ("moved", "both", "pulled", "end"),
    [
        ({"training": (math.e, math.e**2)}, {}, (), ("_training", 1, 5)),
        ({"borrowed": (0.1, 0.5)}, {}, (), ("_leaders", 1, 5)),
        ({"borrowed": (0.1, 0.5)}, {}, ("access_restriction",), ("policy", "access_restriction", 5, {"line": 1})),
        ({"community": (0.0, 0.2)}, {}, (), ("_use", 1, 5, ("kind", "startup"))),
        ({"algorithmic": (1.0, 1.2)}, {("scarcity", 5, 0): (0.1, 0.1)}, (), ("_leaders", 1, 5)),
        ({"algorithmic": (1.0, 1.2)}, {("scarcity", 5, 0): (0.1, 0.4)}, (), ("_end", 5)),
        (
            {"algorithmic": (1.0, 1.2)},
            {("scarcity", 5, 0): (0.1, 0.4)},
            ("stockpiling",),
            ("policy", "stockpiling", 5, {"region": 0}),
        ),
    ],
)
def test_capability_goes_on_to_the_part_that_moved_at_the_newest_release(moved, both, pulled, end):
    """The worlds release in months 3 and 5, so each is read in its own."""
    tracer = Tracer("_capability", {("released", MONTH, 1): (1.0, 2.0), **both}, pulled=pulled, newest=(3, 5))
    for place, (trace, then) in enumerate(zip(tracer.worlds, (3, 5), strict=True)):
        parts = {"training": 1.0, "algorithmic": 0.0, "borrowed": 0.0, "community": 0.0}
        parts |= {name: values[place] for name, values in moved.items()}
        trace.sights[then] = SimpleNamespace(**{name: np.array([9.0, value, 9.0]) for name, value in parts.items()})
        trace.series["base"] = np.full((9, 3), 1)
    assert tracer._capability(1, MONTH) == end
    built = Tracer("_none", {("released", MONTH, 1): (1.0, 2.0)}, newest=(3, 5))
    built.other.series["base"] = np.where(np.arange(9)[:, None] == 5, 2, np.ones((9, 3), dtype=int))
    built._capability = CauseTracer._capability.__get__(built)
    original, calls = built._capability, []
    built._capability = lambda *at: calls.append(at)
    original(1, MONTH)
    assert calls == [(2, 5, "theirs is built on it")]


@pytest.mark.parametrize(
    ("capability", "end"), [([0.3, 0.9, 0.5], ("_training", 2, 6)), ([0.0, 0.9, 0.0], ("_training", 1, 6))]
)
def test_what_is_borrowed_comes_from_the_line_ahead_that_moved_most(capability, end):
    tracer = Tracer("_leaders")
    tracer.base.series["capability"] = np.zeros((9, 3))
    tracer.other.series["capability"] = np.where(np.arange(9)[:, None] == 6, capability, np.zeros((9, 3)))
    tracer.other.series["released"] = np.tile([2.0, 1.0, 2.0], (9, 1))
    assert tracer._leaders(1, MONTH) == end
    assert tracer._leaders(1, 0) == ("_training", 1, 0)


@pytest.mark.parametrize(
    ("training", "compute", "lab", "pulled", "end"),
    [
        ((1, 4), (10, 40), (2, 8), ("compute_grant",), ("_region", 0, MONTH)),
        ((1, 4), (10, 10), (2, 8), (), ("_use", None, MONTH, ("note", "through revenue"))),
        ((1, 4), (10, 10), (2, 8), ("compute_factor",), ("policy", "compute_factor", MONTH, {"line": 1})),
        ((1, 4), (10, 19), (2, 3.8), ("compute_grant",), ("policy", "compute_grant", MONTH, {"line": 1})),
        ((1, 4), (10, 19), (2, 3.8), (), ("_region", 0, MONTH)),
        ((1, 4), (10, 21), (2, 4.2), ("compute_grant",), ("_region", 0, MONTH)),
    ],
)
def test_training_compute_comes_from_grants_the_region_or_the_labs_part_of_it(training, compute, lab, pulled, end):
    both = {("training_compute", MONTH, 1): training, ("compute", MONTH, 0): compute}
    tracer = Tracer("_training", both, {("lab_compute", MONTH, 1): lab}, pulled)
    assert tracer._training(1, MONTH) == end
    if end[0] == "_use":
        assert (tracer._links[-1].base, tracer._links[-1].other) == pytest.approx((0.2, 0.8))


@pytest.mark.parametrize(
    ("frontier", "domestic", "powered", "pulled", "end", "said"),
    [
        ((10, 5), (1, 2), (0.9, 0.9), ("tool_control",), ("policy", "tool_control"), "frontier chips in CN"),
        ((10, 9), (1, 5), (0.9, 0.9), ("tool_control",), ("policy", "tool_control"), "domestic chips in CN"),
        ((10, 9), (1, 1), (0.4, 0.9), ("grid_growth",), ("policy", "grid_growth"), "chips in CN that have power"),
        ((10, 9), (1, 1), (0.4, 0.9), (), ("_use", None), "AI capital expenditure of CN"),
        ((10, 5), (1, 1), (0.9, 0.8), ("grid_power",), ("_use", None), "AI capital expenditure of CN"),
    ],
)
def test_usable_compute_is_chips_or_power(frontier, domestic, powered, pulled, end, said):
    home = REGIONS.index("CN")
    values = {"compute": (1, 2), "chips_frontier": frontier, "chips_domestic": domestic, "powered": powered}
    both = {(name, MONTH, home): pair for name, pair in (values | {"capex": (1, 2)}).items()}
    tracer = Tracer("_region", both, pulled=pulled)
    assert tracer._region(home, MONTH)[:2] == end
    assert tracer._links[-1].what == said


@pytest.mark.parametrize(
    ("own", "pool", "said"), [((1, 2), (5, 6), "data pool of US"), ((1, 3), (5, 4), "data of theirs")]
)
def test_data_are_a_labs_own_or_those_of_its_regions_pool(own, pool, said):
    both = {("data", MONTH, 1, SECTOR): own, ("data_pool", MONTH, 0, SECTOR): pool}
    tracer = Tracer("_data", both)
    assert tracer._data(1, SECTOR, MONTH) == ("_use", 1, MONTH, ("sector", "robotics"))
    assert tracer._links[0].what == f"{said} in robotics"
    assert [tracer._links[0].base, tracer._links[0].other] == list(own if "theirs" in said else pool)
    assert Tracer("_data", both, pulled=("privacy",))._data(1, SECTOR, MONTH)[:2] == ("policy", "privacy")


@pytest.mark.parametrize(
    ("mode", "changes", "end", "links"),
    [
        (API, {"released": (1.0, 2.0)}, ("_capability", 1, MONTH, "more capable lines cost more to serve"), []),
        (API, {"frontier": (5.0, 3.0)}, ("_frontier", MONTH, "the frontier, against which serving gets cheaper"), []),
        (SELF_HOSTED, {"experience": (4.0, 2.0)}, ("_use", 1, MONTH), [6]),
        (API, {"markup": (1.2, 1.8)}, ("_use", 1, MONTH), [MONTH]),
        (API, {"load": (1.0, 2.0), "lab_compute": (1.0, 1.0)}, ("_use", 1, 6), [6]),
        (API, {"load": (1.0, 2.0), "lab_compute": (4.0, 1.0)}, ("_training", 1, 6), [6]),
        (API, {"load": (1.0, 2.0), "lab_compute": (1.0, 1.4)}, ("_use", 1, 6), [6]),
        (API, {"load": (2.0, 1.0), "lab_compute": (1.0, 1.05), "price": (1.5, 1.0)}, ("_use", 1, 6), [6]),
        # who serves itself pays neither a markup nor for crowded servers
        (HOSTED, {"markup": (1.2, 1.8), "released": (1.0, 1.001)}, ("_capability", 1, MONTH), []),
    ],
)
def test_a_price_rises_with_what_serving_costs_and_what_is_asked_for_it(mode, changes, end, links):
    usual = {"released": (1.0, 1.0), "frontier": (5.0, 5.0), "experience": (4.0, 4.0), "markup": (1.2, 1.2)}
    now = usual | {"load": (1.0, 1.0), "lab_compute": (1.0, 1.0)} | changes
    both = {(name, MONTH, 1): now[name] for name in ("released", "markup")}
    seen = {(name, MONTH, 1): now[name] for name in ("experience", "load")}
    seen |= {("price", MONTH, 2, 1, mode): now.get("price", (1.0, 1.5)), ("lab_compute", 6, 1): now["lab_compute"]}
    tracer = Tracer("_price", both, seen)
    for trace, top in zip(tracer.worlds, now["frontier"], strict=True):
        trace.series["released"] = np.tile([top, 1.0, 0.0], (9, 1))
    assert tracer._price(1, mode, 2, MONTH)[: len(end)] == end
    assert [link.month for link in tracer._links[1:]] == links
    if "markup" in changes and mode == API:
        tracer.pulled = ("subsidy_leak",)
        assert tracer._price(1, mode, 2, MONTH) == ("policy", "subsidy_leak", MONTH, {"region": 0})


def test_who_knows_a_line_was_told_by_news_a_release_or_word_of_mouth():
    both = {("awareness", MONTH, 1, 2): (0.1, 0.2)}
    told = Tracer("_awareness", both)._awareness(1, 2, MONTH)
    assert told == ("_use", 1, MONTH, ("note", "by word of mouth"), ("region", REGIONS[2]))
    news = Tracer("_awareness", both, pulled=("news",))._awareness(1, 2, MONTH)
    assert news == ("policy", "news", MONTH, {"region": 2, "line": 1})
    released = Tracer("_awareness", both, _release=lambda line, when, month: (line, when, month))
    assert released._awareness(1, 2, MONTH) == (1, [4, 4], MONTH)
    opened = Tracer("_openness", {("openness", MONTH, 1): (0, 1)}, pulled=("open_duty",))
    assert opened._openness(1, MONTH) == ("policy", "open_duty", MONTH, {"line": 1})
    opened.pulled = ()
    assert opened._openness(1, MONTH) == ("_capability", 1, MONTH, "a lab near the frontier may close")


# what other adopters do, and the ends


def test_a_line_was_used_before_a_month_in_either_slot_of_either_world():
    tracer = Tracer("_ever_used")
    for trace in tracer.worlds:
        trace.primary = trace.secondary = np.full((9, 2), -1)
    tracer.other.secondary = np.where(np.arange(9)[:, None] == 3, 5, np.full((9, 2), -1))  # option 5: line 1
    assert tracer._ever_used(0, 1, 4)
    assert not tracer._ever_used(0, 1, 3)
    assert not tracer._ever_used(0, 2, 9)


def test_a_release_in_other_months_is_a_link_only_where_policy_moved_it():
    def release(pulled, when):
        tracer = Tracer("_release", pulled=pulled)
        return CauseTracer._release(tracer, 1, when, MONTH), tracer._links

    assert release(("release_now",), [4, 4]) == (None, [])
    assert release((), [4, 6]) == (None, [])
    root, (link,) = release(("release_now",), [6, 4])
    assert root == ("policy", "release_now", MONTH, {"line": 1})
    assert (link.month, link.base, link.other, link.unit) == (6, 6, 4, "month")
    tracer = Tracer("_newest")
    for trace, months in zip(tracer.worlds, ([2, 5, 8], []), strict=True):
        trace.series["release"] = np.isin(np.arange(9), months)[:, None] * np.ones((9, 3))
    assert CauseTracer._newest(tracer, 1, MONTH) == [5, 0]
    assert CauseTracer._newest(tracer, 1, 8) == [8, 0]
    assert CauseTracer._newest(tracer, 1, 5) == [5, 0]


def test_a_lever_first_differs_in_the_month_in_which_it_does():
    tracer = Tracer("_first_pull", _since={})
    tracer.pair.months = 4
    for trace, since in zip(tracer.worlds, (9, 2), strict=True):
        trace.sights = [
            SimpleNamespace(lever=SimpleNamespace(news=np.array([0.0, float(at >= since)]))) for at in range(6)
        ]
    assert tracer._first_pull("news").tolist() == [4, 2]


def test_entries_that_differ_are_named_with_where_they_stand():
    tracer = Tracer("_said", entries=[{"a": 1, "both": 1}, {"b": 1, "both": 2}])
    tracer.worlds[1].scenario = SCENARIO.model_copy(update={"name": "other"})
    assert tracer._said(("a", "b", "both")) == "a (only in base); b (only in other); both (not the same in both)"
    assert tracer._said(()) == ""
    tracer.assumptions = ("p", "q", "r", "s")
    assert tracer._assumption(3, "x") == Root(
        "assumption", "assumptions that differ: p, q, r ...", ("p", "q", "r", "s"), 0
    )
    tracer.assumptions = ()
    assert tracer._assumption(3, "x") == Root("unknown", "no entry of the scenarios explains x", (), 3)


def test_the_policy_behind_a_lever_is_read_where_and_when_it_first_differs():
    first = {"news": np.full((4, 3), 2), "tariff": np.full((4, 4), 6)}
    first["news"][1, 2], first["tariff"][3, 0] = 5, 3
    tracer = Tracer("_none", _first_pull=first.get, entries=[{}, {"p": 1}], _pullers=lambda name, month: ("p",))
    tracer.other.scenario = SCENARIO.model_copy(update={"name": "other"})
    for place, trace in enumerate(tracer.worlds):
        news, tariff = np.zeros((4, 3)), np.zeros((4, 4))
        news[:, 2] = np.array([0.1, 0.6, 0.3, 0.9]) * place
        tariff[3, 0] = 0.25 * place
        trace.sights = [SimpleNamespace(lever=SimpleNamespace(news=news, tariff=tariff))] * 9

    def behind(levers, month, at):
        tracer._links = []
        return CauseTracer._policy(tracer, levers, month, at), tracer._links

    here = {"region": 1, "line": 2}
    assert behind(("news",), 4, here) == (None, [])
    root, (link,) = behind(("news",), 5, here)
    assert root == Root("policy", "p (only in other)", ("p",), 5)
    assert (link.month, link.base, link.other) == (5, 0.0, 0.6)
    assert link.what == "policy, news (CN, third)"
    _, (link,) = behind(("news",), 5, {"line": 2})
    assert (link.month, link.what, link.other) == (2, "policy, news (GS, third)", 0.9)
    _, (link,) = behind(("news", "tariff"), 9, {"region": 1, "line": 2, "origin": 0})
    assert link.month == 5
    _, (link,) = behind(("news", "tariff"), 9, {"region": 3, "line": 2, "origin": 1})
    assert link.month == 2
    _, (link,) = behind(("tariff",), 9, {"region": 3})
    assert (link.month, link.other, link.what) == (3, 0.25, "policy, tariff (GS, US)")
    assert behind((), 9, {}) == (None, [])
    tracer._pullers = lambda name, month: ()
    root, _ = behind(("news",), 9, here)
    assert root.what == "the lever news, pulled by no entry that differs"
    tracer._pullers = lambda name, month: ("q",) if (name, month) == ("tariff", 5) else ()
    tracer.pulled = ("tariff",)
    assert behind(("news",), 9, here)[0] == ("policy", "tariff", 5, {}), "a government that reacts to another's policy"


def test_what_others_use_leads_to_the_first_of_those_that_are_meant():
    places = {1: ("US", "public", "startup"), 2: ("EU", "robotics", "startup"), 3: ("EU", "public", "agency")}
    pair = SimpleNamespace(parted=[1, 2, 3], parted_before=lambda who, month: [one for one in who if month > one])
    tracer = Tracer("_use", _ever_used=lambda adopter, line, month: adopter == line)
    tracer.pair, tracer.base.place = pair, places.get
    tracer._earliest = lambda parted, month, note="": (parted, month, note)
    assert tracer._use(None, 9, note="n") == ([1, 2, 3], 9, "n")
    assert tracer._use(None, 9, region="EU") == ([2, 3], 9, "")
    assert tracer._use(None, 9, region="EU", kind="agency") == ([3], 9, "")
    assert tracer._use(None, 9, sector="robotics") == ([2], 9, "")
    assert tracer._use(3, 9) == ([3], 9, "")
    assert tracer._use(3, 3) == ([1, 2], 3, ""), "where none of them parted before, all are meant"
    del tracer._earliest
    pair.divergence = lambda adopter: parting(adopter=adopter, month=4, options=(0, 3))
    assert tracer._earliest([2, 3], 9, "note") == 2
    (link,) = tracer._links
    assert link.what == "adopter 2 (startup, robotics, EU) parts first of 2"
    assert (link.month, link.base, link.other, link.note) == (4, 0, 3, "note")
    assert tracer._earliest([], 9) == ("_end", 9)


def test_peers_who_parted_are_named_the_earliest_first():
    first = {11: 2, 12: 4, 13: 1, 14: 3, 15: 0}

    def side(seen, used):
        return SimpleNamespace(
            seen=lambda adopter, month: np.array(seen),
            peers=lambda adopter: np.array([11, 12, 13, 14, 15]),
            before=lambda peer, month: (used[peer], -1),
        )

    pair = SimpleNamespace(
        first=first,
        worlds=[
            side([1, 1, 0, 1, 0], dict.fromkeys(first, 0)),
            side([0, 0, 1, 0, 0], {11: -1, 12: 3, 13: -1, 14: 0, 15: 0}),
        ],
    )
    pair.parted_before = lambda who, month: sorted((one for one in who if first[one] < month), key=first.get)
    tracer = Tracer("_peers", pair=pair)
    assert tracer._peers(0, 1, MONTH) == 13
    (link,) = tracer._links
    assert (link.base, link.other, link.unit) == (3, 1, "of 8")
    assert link.note == "adopter 13 in 2024-02, 11 in 2024-03, 14 in 2024-04 and 1 more parted"
    assert tracer._peers(0, 1, 4) == 13
    assert tracer._links[-1].note == "adopter 13 in 2024-02, 11 in 2024-03, 14 in 2024-04 parted"
    assert tracer._peers(0, 1, 0).kind == "unknown"
    assert tracer._links[-1].note == ""
    tracer._earliest = lambda parted, month: (parted, month)
    occasions_ = tuple(Occasion("arrival", 0.1, 0.1, {"peers": share, "world": share / 2}) for share in (0.2, 0.4))
    assert tracer._peer_adoption(parting(occasions=occasions_)) == ([13, 11], 8)
    assert (tracer._links[-1].base, tracer._links[-1].other) == (0.2, 0.4)
    assert tracer._world_adoption(parting(occasions=occasions_)) == ("_use", None, 8)
    assert (tracer._links[-1].base, tracer._links[-1].other) == (0.1, 0.2)


def test_an_adopter_whose_own_traits_differ_is_its_own_cause():
    def traits(**changes):
        usual = {name: np.array([[0.1, 0.2, 0.3, 0.4, 9.0]]) for name in ("quality", "cost", "own_hosting")}
        return SimpleNamespace(**(usual | {name: np.array([values]) for name, values in changes.items()}))

    def taste(other, term="quality"):
        tracer = Tracer("_own_taste")
        for trace_, people in zip(tracer.worlds, (traits(), other), strict=True):
            trace_.world = SimpleNamespace(population=people)
        return tracer._own_taste(parting(moved={(term, 1): -1.0})), tracer

    assert taste(traits(quality=[5.0, 5.0, 5.0, 0.4, 5.0]))[0] is None, "that of adopter 3 is the same"
    root, tracer = taste(traits(quality=[0.1, 0.2, 0.3, 0.7, 9.0]))
    assert root == Root("adopter", "adopter 3, whose own traits differ", ("3",), 0)
    (link,) = tracer._links
    assert (link.what, link.month, link.base, link.other) == ("taste of adopter 3 for coverage", 0, 0.4, 0.7)
    for name in ("cost", "own_hosting"):
        root, tracer = taste(traits(**{name: [0.1, 0.2, 0.3, 0.7, 9.0]}), "cost")
        assert root.kind == "adopter"
        assert tracer._links[0].what == "taste of adopter 3 for log cost"


def test_a_chain_goes_on_with_that_of_whoever_parted_before():
    links = {name: Link(0, name, 0, 1, "") for name in "abc"}
    steps = {1: ("a", 2), 2: ("b", 3), 3: ("c", Root("policy", "p", ("p",))), 4: ("a", 1), 6: ("a", 5)}
    tracer = Tracer("_none", _chains={})
    tracer.pair.divergence = lambda adopter: parting(adopter=adopter) if adopter in steps else None

    def step(divergence):
        name, end = steps[divergence.adopter]
        tracer._links.append(links[name])
        return end

    tracer._first_step = step
    made = tracer.chain(1)
    assert ["".join(link.what for link in tracer.chain(adopter).links) for adopter in (1, 2, 3, 4)] == [
        "abc",
        "bc",
        "c",
        "aabc",
    ]
    assert made.root.names == tracer.chain(3).root.names == ("p",)
    assert [tracer.chain(adopter).divergence.adopter for adopter in (1, 2)] == [1, 2]
    assert tracer.chain(5) is None


@pytest.mark.parametrize(
    ("term", "line", "end"),
    [
        ("quality", 1, ("_quality", 1, SECTOR, 8)),
        ("cost", 1, ("_price", 1, 2, 2, 8)),
        ("peers", 1, ("_peers", 3, 1, 8)),
        ("ecosystem", 1, ("_ecosystem", 1, 8)),
        ("awareness", 1, ("_awareness", 1, 2, 8)),
        ("openness", 1, ("_openness", 1, 8)),
        (
            "policy_trust",
            1,
            ("policy", "friction", 8, {"region": 2, "sector": SECTOR, "type": 4, "line": 1, "origin": 0}),
        ),
        ("push", -1, ("policy", "push", 8, {"region": 2, "sector": SECTOR, "type": 4})),
        ("policy_price", 0, "tax on a foreign lab's API"),
        ("first_slot", 1, "first slot"),
    ],
)
def test_the_first_step_follows_the_term_that_tipped_the_race(term, line, end):
    tracer = Tracer("_none", pulled=("friction", "push"), _own_taste=lambda divergence: None)
    tracer.pair.worlds = [SimpleNamespace(where=lambda adopter: (0, 2, SECTOR, 4))]
    for name in ("_quality", "_price", "_peers", "_ecosystem", "_awareness", "_openness"):
        setattr(tracer, name, lambda *at, name=name: (name, *at))
    found = tracer._first_step(parting(moved={(term, line): -0.6}, options=(1, 5)))
    if isinstance(end, str):
        assert found == Root("unknown", f"no entry of the scenarios explains {end}", (), 8)
    else:
        assert found == end
    assert tracer._mode(parting(options=(1, -1)), 1) == API, "nobody uses it"
    assert tracer._mode(parting(options=(4, 5)), 1) == HOSTED


def test_an_entry_is_known_from_its_announcement_and_taken_if_active():
    policies = [
        {"kind": "data_mandate", "id": "on", "actor": "CN", "start": "2025-01", "announce": "2024-06"},
        {"kind": "data_mandate", "id": "off", "actor": "CN", "start": "2025-01", "active": False},
    ]
    events = [{"kind": "incident", "id": "shock", "start": "2024-04"}]
    scenario = from_mapping({"policies": policies, "events": events}, name="some")
    known = causal_chain.entries(scenario)
    assert {"on", "shock"} <= set(known)
    assert "off" not in known
    assert [causal_chain.known_from(known[name]) for name in ("on", "shock")] == [5, 3]
    assert "data_mandate" in causal_chain.levers_of(known["on"], scenario, 30)
    tracer = Tracer("_pullers", entries=[{}, known])
    tracer.pair.months, tracer.other.scenario = 30, scenario
    assert [tracer._pullers("data_mandate", month) for month in (4, 5)] == [(), ("on",)]
    assert tracer._pullers("tariff", 29) == ()
    tracer.entries = [dict(known), known]
    assert tracer._pullers("data_mandate", 29) == ()
    cut = from_mapping({"loops": {"R5": "off"}, "parameters": {"startup": {"switching_cost": 0.9}}}, name="cut")
    assert set(differing_assumptions(SCENARIO, cut)) == {"loops.R5", "startup.switching_cost"}


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0512, "share", "5.12%"),
        (0.512, "share", "51.2%"),
        (0.1, "share", "10.0%"),
        (12345.6, "H100e", "12,346 H100e"),
        (1000.0, "H100e", "1,000 H100e"),
        (999.4, "H100e", "999 H100e"),
        (1.23456, "1", "1.23"),
        (3.0, "month", "2024-04"),
        (math.inf, "utils", "none"),
        (4.0, "option:a,b", "b hosted"),
        (-1.0, "option:a,b", "none"),
    ],
)
def test_a_number_is_said_with_its_unit(value, unit, said):
    assert causal_chain.spoken(value, unit) == said
    assert causal_chain.log_ratio(2.0, 8.0) == pytest.approx(math.log(4))


# where two worlds part


def test_an_occasion_arrives_if_the_draw_lies_below_the_hazard_and_not_at_it():
    assert [Occasion("review", 0.25, draw, {}).arrives for draw in (0.24, 0.25, 0.26)] == [True, False, False]


def decision(**changes) -> Decision:
    """Two lines, of blocks 0 and 1, in three modes."""
    zeros = np.zeros((2, 3))
    usual = {
        "adopter": 0,
        "month": 3,
        "slot": 0,
        "terms": {"quality": np.array([[1.0, 0.5, 0.0], [2.0, 0.0, 0.0]]), "cost": zeros - 0.25},
        "outside": {"outside": 0.4, "peers": 0.2},
        "utility": np.array([[0.75, 0.25, -0.25], [1.75, -0.25, -0.25]]),
        "known": np.array([True, True]),
        "available": zeros == 0,
        "forbidden": zeros > 0,
        "usable": zeros == 0,
        "block": np.array([0, 1]),
        "line_dissimilarity": 0.6,
        "mode_dissimilarity": 0.4,
        "races": (),
        "chosen": 3,
    }
    return Decision(**(usual | changes))


def race(level, runners, value, luck):
    return Race(level, runners, tuple(f"r{number}" for number in runners), np.array(value), np.array(luck))


RACES = (
    race("block", (0, 1, OUTSIDE), [0.9, 1.8, 0.6], [0.5, 0.0, 0.1]),  # won by block 1, 1.8 over 1.4
    race("line", (1,), [1.8], [0.3]),
    race("mode", (0, 1, 2), [1.75, -0.25, -0.25], [0.0, 1.9, 0.0]),  # won by the first, 1.75 over 1.65
)


def test_the_tightest_race_and_what_stands_behind_its_runners():
    made = decision(races=RACES)
    assert divergence.tightest(RACES).level == "mode"
    assert divergence.tightest(RACES[1:2]) is None
    assert divergence.members(made, "block", 1).tolist() == [[False] * 3, [True] * 3]
    assert divergence.members(made, "line", 0).tolist() == [[True] * 3, [False] * 3]
    assert divergence.members(made, "mode", 2).tolist() == [[False] * 3, [False, False, True]]
    assert account._stands_for(made, RACES[0], 0) == 0
    assert account._stands_for(made, RACES[0], OUTSIDE) == -1
    assert account._stands_for(made, RACES[2], 1) == 4
    assert divergence.terms_of(made, 3) == {"quality": 2.0, "cost": -0.25}
    assert divergence.terms_of(made, -1) == {"outside": 0.4, "peers": 0.2}


def test_the_first_race_that_came_out_differently_is_the_contest():
    other = (RACES[0], RACES[1], race("mode", (0, 1, 2), [1.75, 0.25, 0.0], [0.0, 1.9, 0.0]))
    assert divergence._contest(decision(races=RACES), decision(races=other)) == ("mode", 0, 1)
    assert divergence._contest(decision(races=RACES), decision(races=())) == ("block", 1, OUTSIDE)
    assert divergence._luck(decision(races=RACES), "block", OUTSIDE) == 0.1
    assert math.isnan(divergence._luck(decision(races=RACES), "line", 0))
    assert divergence._margin([2.0, 1.5], [0.1, 0.3]) == pytest.approx(0.3)
    assert divergence._margin([2.0, -math.inf], [0.1, math.nan]) == math.inf
    assert divergence._minus(-math.inf, -math.inf) == 0.0


def test_the_worth_of_several_options_is_their_inclusive_value():
    made = decision()
    inside = 0.4 * math.log(sum(math.exp(value / 0.4) for value in (0.75, 0.25, -0.25)))
    beside = 0.4 * math.log(sum(math.exp(value / 0.4) for value in (1.75, -0.25, -0.25)))
    assert divergence._value(made, "line", 0) == pytest.approx(inside)
    assert divergence._value(made, "block", OUTSIDE) == pytest.approx(0.6)
    whole = 0.6 * math.log(math.exp(inside / 0.6) + math.exp(beside / 0.6))
    assert divergence._worth(made, made.utility, made.usable) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"known": np.array([True, False])}, "awareness"),
        ({"forbidden": np.array([[False] * 3, [True, False, False]])}, "ban"),
        ({"available": np.array([[True] * 3, [False, True, True]])}, "openness"),
        ({"block": np.array([0, 0])}, "openness"),
        ({}, "first_slot"),
    ],
)
def test_why_only_one_world_offers_an_option_is_read_of_the_best_of_them(changes, reason):
    before, after = np.ones((2, 3), dtype=bool), np.array([[True, False, True], [False, True, True]])
    assert divergence._why_not_both(decision(), decision(**changes), before, after) == (reason, 1)
    assert divergence._why_not_both(decision(**changes), decision(), after, before) == (reason, 1)


def test_what_changed_an_alternative_adds_up_by_term_and_line():
    a = decision()
    terms = {"quality": a.terms["quality"] + [[0.3], [0.0]], "cost": a.terms["cost"] - [[0.0], [0.2]]}
    b = decision(terms=terms, utility=sum(terms.values()), outside={"outside": 0.1, "push": 0.5})
    assert divergence._change(a, b, "line", 0) == {("quality", 0): pytest.approx(0.3)}
    assert divergence._change(a, b, "line", 1) == {("cost", 1): pytest.approx(-0.2)}
    assert divergence._change(a, b, "block", OUTSIDE) == pytest.approx(
        {("outside", -1): -0.3, ("peers", -1): -0.2, ("push", -1): 0.5}
    )


def occasions(kind_, a, b):
    return [Occasion(kind_, divergence._hazard(kind_, parts), 0.2, parts) for parts in (a, b)]


def test_what_changed_a_chance_adds_up():
    a = {"innovation": 0.01, "imitation": 0.2, "push": 1.0, "peers": 0.25, "world": 0.5}
    one, two = occasions("arrival", a, a | {"peers": 0.5, "push": 2.0})
    moved = divergence._hazard_parts(one, two)
    assert set(moved) == {("peer_adoption", -1), ("push", -1)}
    assert sum(moved.values()) == pytest.approx(two.hazard - one.hazard)
    assert min(moved.values()) > 0
    one, two = occasions("review", {"review": 0.1, "force": 0.0}, {"review": 0.2, "force": 0.5})
    moved = divergence._hazard_parts(one, two)
    assert set(moved) == {("rates", -1), ("ban", -1)}
    assert sum(moved.values()) == pytest.approx(two.hazard - one.hazard)
    other = Occasion("arrival", 0.7, 0.2, a)
    assert divergence._hazard_parts(one, other) == {("first_slot", -1): pytest.approx(0.7 - one.hazard)}


def parting(**changes) -> Divergence:
    usual = {
        "adopter": 3,
        "month": 8,
        "slot": "first",
        "options": (3, 0),
        "level": "line",
        "margins": (0.4, -0.2),
        "moved": {("quality", 0): 0.5, ("quality", 1): -0.9, ("cost", 1): -0.3, ("cost", 0): 0.1},
        "occasions": (Occasion("review", 0.3, 0.1, {"force": 0.0}),) * 2,
        "decisions": None,
    }
    return Divergence(**(usual | changes))


def test_a_divergence_comes_from_the_term_that_moved_most_the_way_the_margin_went():
    made = parting()
    assert made.shift == pytest.approx(-0.6)
    assert made.by_term == pytest.approx({"quality": -0.4, "cost": -0.2})
    assert list(made.by_term) == ["quality", "cost"]
    assert (made.source, made.cause) == (("quality", 1), "quality")
    made = parting(moved={("quality", 0): 0.9, ("cost", 1): -1.2, ("cost", 0): -0.3})
    assert list(made.by_term) == ["cost", "quality"]
    assert (made.source, made.cause) == (("cost", 1), "price")
    assert parting(moved={("first_slot", 1): -0.6}).cause == "own history"


def trace(primary, secondary=None, **run):
    primary = np.array(primary)
    people = SimpleNamespace(starts=np.zeros((1, primary.shape[1]), dtype=bool), size=np.ones((1, primary.shape[1])))
    return SimpleNamespace(
        primary=primary,
        secondary=np.full_like(primary, -1) if secondary is None else np.array(secondary),
        months=len(primary),
        world=SimpleNamespace(population=people, lines=["a", "b"]),
    )


def test_adopters_stand_apart_from_the_first_month_in_which_either_slot_differs():
    pair = Pair.__new__(Pair)
    pair.base = trace([[0, 0, 0, 4], [0, 0, 0, 4], [0, 0, 0, 4]])
    pair.other = trace([[0, 0, 1, 4], [0, 3, 1, 4], [0, 3, 0, 4]], [[-1] * 4, [-1] * 4, [-1, -1, -1, 2]])
    pair.months = 3
    assert pair.first.tolist() == [-1, 1, 0, 2]
    assert pair.lines_apart.sum(axis=0).tolist() == [0, 2, 0, 0], "another mode is the same line"
    assert pair.parted == [2, 1, 3]
    assert pair.parted_before([3, 0, 1, 2], 2) == [2, 1]
    assert pair.parted_before([3, 1], 3) == [1, 3]
    assert pair.most_apart(3) == [1]


def test_worlds_of_other_luck_are_no_pair():
    def made(seed=1, replicate=0, adopters=9, lines=("a",)):
        run, roster = SimpleNamespace(seed=seed), dict.fromkeys(lines)
        scenario = SimpleNamespace(run=run, roster=roster, name="x")
        return SimpleNamespace(scenario=scenario, replicate=replicate, world=SimpleNamespace(adopters=adopters))

    for change, words in (
        ({"seed": 2}, "seed"),
        ({"replicate": 1}, "replicate"),
        ({"adopters": 8}, "number of adopters"),
        ({"lines": ("b",)}, "lines"),
    ):
        with pytest.raises(RunError, match=f"differ in {words}"):
            Pair(made(), made(**change))


# what is told


def test_an_option_is_told_with_what_stands_for_it_in_its_race():
    made = decision(races=RACES, known=np.array([False, True]), usable=np.array([[False] * 3, [True] * 3]))
    told = account._option(made, "base", 4, ["a", "b"], "mode")
    assert (told["option"], told["usable"], told["runner"]) == ("b hosted", True, "r1")
    assert [told[name] for name in ("utility", "value", "nest", "luck", "score")] == pytest.approx(
        [-0.25, -0.25, 0.0, 1.9, 1.65]
    )
    block = account._option(made, "base", 3, ["a", "b"], "block")
    assert [block["nest"], block["score"]] == pytest.approx([1.8 - 1.75, 1.8])
    unused = account._option(made, "base", 0, ["a", "b"], "mode")
    assert (unused["usable"], unused["why_not"]) == (False, "not known to the adopter")
    assert account._option(made, "base", -1, ["a", "b"], "block")["luck"] == 0.1
    closed = decision(usable=np.zeros((2, 3), dtype=bool), available=np.array([[True] * 3, [True, False, True]]))
    assert account._why_not(closed, 1, 1) == "its weights are closed"
    assert account._why_not(closed, 1, 2) == "taken by the first slot"
    assert account._why_not(decision(), 1, 2) == ""
    assert account._occasion_words("review", {"force": 0.1}) == "review forced by a ban"
    assert account._occasion_words("arrival", {}) == "first look"


def test_a_parting_lists_its_movers_by_size_with_their_lines():
    told = account._divergence(parting(), ["base", "other"], ["a", "b"])
    assert [(row["term"], row["line"], row["utils"]) for row in told["moved"]] == [
        ("quality", "b", -0.9),
        ("quality", "a", 0.5),
        ("cost", "b", -0.3),
        ("cost", "a", 0.1),
    ]
    assert (told["month"], told["winners"], told["margins"]) == ("2024-09", ["b api", "a api"], [0.4, -0.2])
    assert chapter._moved(told, "of the margin", 1, " utils") == [
        "What moved of the margin: quality -0.4 utils (most: b), cost -0.2 utils (most: b).",
        "So it parts through quality.",
    ]
    both = (decision(races=RACES), decision(races=RACES))
    told = account._divergence(parting(decisions=both, level="block"), ["base", "other"], ["a", "b"])
    assert [(row["option"], row["scenario"]) for row in told["options"]] == [
        ("b api", "base"),
        ("b api", "other"),
        ("a api", "base"),
        ("a api", "other"),
    ]
    assert told["luck_in_margin"] == pytest.approx(0.0 - 0.5)
    assert len(told["all_options"]) == 2 * 7


def explained(*rows):
    """An explanation whose adopters part in these months through these causes, to these roots."""
    chains = {}
    for adopter, (month, moved, root) in enumerate(rows):
        chains[adopter] = Chain(
            parting(adopter=adopter, month=month, moved={moved: -1.0}), (), Root("policy", root, (root,), 1)
        )
    chains[len(rows)] = None
    base = SimpleNamespace(
        place=lambda adopter: ("US", "robotics", "startup"), scenario=SimpleNamespace(roster={"a": 0, "b": 0})
    )
    tracer = SimpleNamespace(chain=chains.get, pair=SimpleNamespace(parted=list(chains)))
    return Explanation(None, (base,), (), None, tracer, ())


def test_the_cascade_counts_causes_and_roots_the_most_frequent_first():
    found = explained(
        (9, ("cost", 0), "ban"),
        (3, ("quality", 1), "ban"),
        (5, ("quality", 1), "chips"),
        (8, ("quality", -1), "ban"),
        (7, ("quality", 1), "ban"),
    )
    assert found.cascade["line"].tolist() == ["a", "b", "b", "", "b"]
    first, second = found.causes()
    assert (first["through"], first["adopters"], first["part"]) == ("quality", 4, 0.8)
    assert (first["first"], first["median"]) == ("2024-04", "2024-08")
    assert (second["through"], second["adopters"], second["median"]) == ("price", 1, "2024-10")
    assert [(row["root"], row["adopters"]) for row in found.roots()] == [("ban", 4), ("chips", 1)]


def test_worlds_that_differ_in_their_name_alone_are_the_same_twice():
    def question(*scenarios):
        return Question(scenarios, 0, (None,) * len(scenarios))

    twin = SCENARIO.model_copy(update={"name": "twin", "description": "else"})
    other = twin.model_copy(update={"loops": SCENARIO.loops.model_copy(update={"R5": "off"})})
    assert question(SCENARIO, twin).same_twice
    assert not question(SCENARIO, other).same_twice
    assert not question(SCENARIO).same_twice
    names = {question(SCENARIO, each).fingerprint(chosen) for each in (twin, other) for chosen in ((1,), (1, 2))}
    assert len(names) == 4
    assert question(SCENARIO, twin).name == "base-vs-twin-explained"


def test_a_rebuilt_run_must_equal_the_stored_one(tmp_path, monkeypatch):
    names = ("installed_base", "usage", "released", "price")
    held = {name: np.ones((2, 4, 3)) for name in names}
    held["price"][:] = 2e6
    trace_ = SimpleNamespace(replicate=3, series={name: values[1].copy() for name, values in held.items()})
    monkeypatch.setattr(explanation, "open_folder", lambda path: SimpleNamespace(version="0.0"))
    assert not explanation._equals(tmp_path, trace_), "there is nothing to hold it against"
    data = xr.Dataset({name: (("run", "month", "line"), values) for name, values in held.items()}, {"run": [1, 3]})
    data["usage"][0] = 7.0  # of another replicate
    (tmp_path / "series.nc").touch()
    monkeypatch.setattr(xr, "open_dataset", lambda file, engine: nullcontext(data))
    trace_.series["price"][2, 1] += 1e-3
    assert explanation._equals(tmp_path, trace_), "to within a part in a thousand million of the largest"
    trace_.series["price"][2, 1] += 2e-3
    with pytest.raises(OutputError, match=r"in price from 2024-03 on"):
        explanation._equals(tmp_path, trace_)
    trace_.replicate = 2
    with pytest.raises(FolderError, match="does not hold replicate 2"):
        explanation._equals(tmp_path, trace_)


def test_runs_that_were_made_must_have_had_the_same_luck():
    seeded = SCENARIO.model_copy(update={"run": SCENARIO.run.model_copy(update={"seed": 99}), "name": "other"})
    read = [(SCENARIO, ()), (seeded, ())]
    with pytest.raises(ScenarioError, match="seed 99 and base has"):
        explanation._plan(read, set(), made=True)
    plan = explanation._plan(read, set(), made=False)
    assert plan.others[0].run.seed == SCENARIO.run.seed
    twice = explanation._plan([(SCENARIO, ()), (SCENARIO, ())], set(), made=True)
    assert [scenario.name for scenario in twice.scenarios] == ["base", "base-2"]


def test_a_margin_is_told_from_the_side_of_its_winner():
    assert (
        chapter._margin("base", 0.5, ("x", "y"), "x", 0.2)
        == "base: x wins over y by 0.5 utils (worth +0.300, luck +0.200)."
    )
    assert chapter._margin("other", -0.5, ("y", "x"), "x", 0.2) == (
        "other: y wins over x by 0.5 utils (worth +0.700, luck -0.200)."
    )
    assert chapter._margin("base", math.inf, ("x", "y"), "x", None) == "base: x; y cannot be chosen there."
    assert chapter._some(["a", "b", "c"], 2, ", ", "more") == "a, b, and 1 more"
    assert chapter._some(["a", "b"], 2, ", ", "more") == "a, b"
    chance = account._divergence(parting(level="", slot="occasion"), ["base", "other"], ["a", "b"])
    blocks = list(chapter._parting(chance))
    assert "Chance of it 30.000% -> 30.000%; its luck was 10.000%." in blocks[1].items
    assert "quality -40% (most: b)" in blocks[1].items[1]


def test_tables_of_stories_have_a_row_for_every_spell_and_term():
    spell = {"from": "2024-01", "to": "2024-03", "first": "a api", "second": "none"}
    option = {"scenario": "base", "option": "a api", "terms": {"quality": 1.0, "cost": -0.4}, "utility": 0.6}
    stories = (
        {"adopter": 3, "choices": {"base": [spell, spell], "other": [spell]}, "parting": None},
        {"adopter": 5, "choices": {}, "parting": {"month": "2024-02", "all_options": [option]}},
        {"adopter": 7, "choices": {}, "decisions": [{"month": "2024-05", "options": [option]}]},
    )
    found = SimpleNamespace(stories=stories)
    assert kind.choices(found)[["adopter", "scenario"]].values.tolist() == [[3, "base"], [3, "base"], [3, "other"]]
    rows = kind.utilities(found)[["adopter", "month", "term", "utils", "utility"]].values.tolist()
    assert rows == [
        [5, "2024-02", "quality", 1.0, 0.6],
        [5, "2024-02", "cost", -0.4, 0.6],
        [7, "2024-05", "quality", 1.0, 0.6],
        [7, "2024-05", "cost", -0.4, 0.6],
    ]
    assert kind.choices(SimpleNamespace(stories=())).empty


def test_a_link_says_both_worlds_and_its_note():
    assert str(Link(3, "price of a", 1.0, 2.0, "$", "note")) == "2024-04  price of a: 1 $ -> 2 $ (note)"
    steps = account._steps(Chain(parting(), (Link(3, "used", 0, 3, "option:a,b"),), Root("policy", "x", ())))
    assert (steps[0]["unit"], steps[0]["month"], steps[0]["text"]) == (
        "option",
        "2024-04",
        "2024-04  used: a api -> b api",
    )
    assert isinstance(kind.utilities(SimpleNamespace(stories=())), pd.DataFrame)
