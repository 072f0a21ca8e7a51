"""The model written a second time: one run, adopter by adopter, from the description and not from `sim.model.rules`.

Slow and plain on purpose. It shares with the package what has tests of its own: the parameters, the luck
(`sim.basics.streams.uniform`) and who lives in the world (`sim.engines.world.build`). Everything that happens
afterwards is written here again, with the levers worked out by hand for `SCENARIO`.
"""

from __future__ import annotations

from collections import defaultdict
from math import exp, inf, log, log1p
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import ndtri

from sim.basics.axes import GROUPS, MODES, REGIONS, SECTORS
from sim.basics.streams import line_address, run_key, uniforms
from sim.engines.world import build
from sim.model.agents.adopter_types import CELLS, TYPES
from sim.scenario import Scenario

PHYSICAL = {"manufacturing", "logistics", "robotics"}

SCENARIO: dict[str, Any] = {
    "run": {"months": 26, "adopters": 420, "seed": 8},
    "parameters": {
        # reviews and arrivals are quick, so that a short run of a small world decides often
        "startup": {"innovation": 0.05, "self_hosted_telemetry": 0.004},
        "enterprise": {"innovation": 0.04, "initial_adoption": 0.2, "review_rate": 0.2},
        "industrial": {"innovation": 0.04, "initial_adoption": 0.3, "review_rate": 0.2, "outside_value": 1.0},
        "public": {"initial_adoption": 0.5, "review_rate": 0.15, "outside_value": 1.0},
        "prices": {"mean_load": 1.2, "experience_exponent": 0.15, "markup_rule": "adaptive"},
        "technology": {"data_sharing": 0.1, "sector_sharing": 0.05, "data_shape": 1.4, "builder_gap": 0.1},
        "lab": {"closing_patience": 9, "closing_margin": 1.3},
        "regions": {
            "US": {"power": 2.5, "friction": {"CN": {"api": 0.1, "hosted": 0.1, "self_hosted": 0.0}}},
            "EU": {"self_hosting_cost": 1.3},
        },
        # stated though nothing digital acts on the physical world by itself
        "sectors": {"public": {"autonomy": 0.4}},
        "lines": {
            "GS-open": {"active": True, "awareness_abroad": 0.3},
            "CN-open-A": {"awareness_abroad": 0.5},
            "CN-open-B": {"awareness_abroad": 0.4},
            "CN-closed": {"awareness_abroad": 0.3},
        },
    },
    "events": [
        {"kind": "compute_change", "line": "US-open", "start": 6, "factor": 0.3},
        {"kind": "news_shock", "line": "CN-open-C", "start": 5, "regions": ["US", "GS"], "awareness": 0.5},
        {"kind": "openness_change", "line": "US-closed-C", "start": 7, "openness": "open"},
        {"kind": "release", "line": "CN-closed", "start": 11},
        {
            "kind": "incident",
            "origins": ["US"],
            "regions": ["GS"],
            "start": 10,
            "friction": 0.8,
            "half_life": 4,
            "news": 0.2,
        },
    ],
    "policies": [
        {"kind": "export_control", "start": 4, "announce": 2, "stockpiling": 0.3, "strength": 0.6},
        {"kind": "export_control", "start": 12, "strength": 0.5, "id": "tightened"},
        {"kind": "enforcement", "start": 6, "strength": 0.5},
        {
            "kind": "chip_self_reliance",
            "actor": "CN",
            "start": 5,
            "subsidy": 0.8,
            "discount": 0.2,
            "import_refusal": 0.1,
            "ramp": 4,
        },
        {
            "kind": "adoption_subsidy",
            "actor": "US",
            "start": 3,
            "strength": 0.4,
            "passed_on": 0.6,
            "types": ["industrial", "public"],
        },
        {
            "kind": "procurement_ban",
            "actor": "US",
            "start": 9,
            "announce": 7,
            "compliance": 0.7,
            "contractors": 0.5,
            "derivatives": True,
        },
        {
            "kind": "scrutiny",
            "actor": "EU",
            "start": 8,
            "announce": 6,
            "strength": 0.6,
            "sectors": ["software", "public"],
        },
        {
            "kind": "data_mandate",
            "actor": "CN",
            "start": 2,
            "strength": 0.2,
            "lab_sharing": 0.3,
            "sectors": ["manufacturing", "robotics"],
        },
        {
            "kind": "openness_rule",
            "actor": "EU",
            "origins": ["CN"],
            "rule": "closed",
            "threshold": -1.0,
            "start": 6,
            "strength": 0.6,
        },
        {
            "kind": "openness_rule",
            "actor": "EU",
            "rule": "open",
            "origins": ["US"],
            "threshold": 0.0,
            "start": 8,
            "strength": 0.7,
        },
        {"kind": "grid_buildout", "actor": "US", "start": 4, "power": 1.5, "lead": 10, "growth": 0.004, "end": 20},
    ],
}


FROM = 4
"""Month from which `UNUSED` is pulled."""

UNUSED: list[tuple[str, float, dict[str, tuple[str, ...]]]] = [
    ("capex_boost", 0.2, {"region": ("EU",)}),
    ("tool_control", 0.5, {"region": ("CN",)}),
    ("compute_grant", 0.3, {"line": ("EU-open",)}),
    ("access_restriction", 0.4, {"line": ("CN-closed", "CN-open-A")}),
    ("cadence_change", -1.0, {"line": ("CN-open-A",)}),
    ("compute_voucher", 0.3, {"region": ("GS",), "type": ("startup",)}),
    ("tariff", 0.25, {"region": ("EU",), "origin": ("US",)}),
    ("preference", 0.7, {"region": ("EU",), "sector": ("public",), "line": ("EU-open",)}),
    ("push", 2.0, {"region": ("CN",), "sector": ("manufacturing", "public")}),
    ("privacy", 0.5, {"region": ("EU",)}),
    ("pool_access", 0.6, {"region": ("CN",), "line": ("GS-open",)}),
    ("pool_listed", 1.0, {"region": ("EU",)}),  # a pool that stays empty: `test_loops` lists labs of a full one
]
"""Levers that no policy of `SCENARIO` pulls, pulled directly: lever, value, targets."""


def levers(t: int, anticipation: float, time: float) -> SimpleNamespace:
    """What the policies and events of `SCENARIO` come to in month ``t``, by hand. Defaults of absent keys are zero."""

    def on(start, value):
        return value if t >= start else 0.0

    def ahead(announce, start):
        return anticipation * exp((t - start) / time) if announce <= t < start else 0.0

    ramp = min(max((t - 5 + 1) / 4, 0.0), 1.0)
    built = 1.5 * min(max((t - 4 + 1) / 10, 0.0), 1.0)
    built_before = 1.5 * min(max((t - 4) / 10, 0.0), 1.0)
    compliance = on(9, 0.7)

    def late(value, neutral=0.0):
        return value if t >= FROM else neutral

    return SimpleNamespace(
        capex={"EU": late(0.2)},
        tools={"CN": late(0.5)},
        grant={"EU-open": late(0.3)},
        restricted={"CN-closed": late(0.4), "CN-open-A": late(0.4)},
        cadence={"CN-open-A": late(-1.0)},
        voucher=lambda r, g: late(0.3) if (r, g) == ("GS", "startup") else 0.0,
        tariff=lambda r, o: late(0.25) if (r, o) == ("EU", "US") else 0.0,
        preference=lambda r, s, j: late(0.7) if (r, s, j) == ("EU", "public", "EU-open") else 0.0,
        push=lambda r, s: late(2.0, 1.0) if r == "CN" and s in ("manufacturing", "public") else 1.0,
        privacy={"EU": late(0.5)},
        pool_access={("CN", "GS-open"): late(0.6)},
        denial={"CN": 1 - (1 - on(4, 0.6)) * (1 - on(12, 0.5))},
        stockpiling={"CN": 0.3 if 2 <= t < 4 else 0.0},
        enforcement={"CN": on(6, 0.5)},
        chip_subsidy={"CN": 0.8 * ramp},
        discount={"CN": 0.2 * ramp},
        refusal={"CN": 0.1 * ramp},
        power={"US": built},
        power_growth={"US": 0.004 if 4 <= t < 20 else 0.0},
        compute={"US-open": 0.3 if t >= 6 else 1.0},
        opens={"US-closed-C"} if t >= 7 else set(),
        must_open={"US": (0.0, 0.7)} if t >= 8 else {},
        must_close={"CN": (-1.0, 0.6)} if t >= 6 else {},
        released={"CN-closed"} if t == 11 else set(),
        news=lambda r, j, home: (
            0.5 * (t == 5 and j == "CN-open-C" and r in ("US", "GS")) + 0.2 * ((t, r) == (10, "GS") and home != "US")
        ),
        paid=lambda r, g: on(3, 0.4 * 0.6) if r == "US" and g in ("industrial", "public") else 0.0,
        leak=lambda r, g: on(3, 0.4 * 0.4) if r == "US" and g in ("industrial", "public") else 0.0,
        bound=lambda r, s, g: (
            0.0 if r != "US" else compliance if g == "public" else 0.5 * compliance if g == "enterprise" else 0.0
        ),
        friction=lambda r, o, s, m: (
            (0.7 * ahead(7, 9) if (r, o, s) == ("US", "CN", "public") else 0.0)
            + (
                0.6 * (on(8, 1.0) + ahead(6, 8)) * {"api": 1.0, "hosted": 0.6, "self_hosted": 0.4}[m]
                if (r, o) == ("EU", "CN") and s in ("software", "public")
                else 0.0
            )
            + (0.8 * 0.5 ** ((t - 10) / 4) if t >= 10 and (r, o) == ("GS", "US") else 0.0)
        ),
        outside=lambda r, s: on(2, 0.2) if r == "CN" and s in ("manufacturing", "robotics") else 0.0,
        mandate=lambda r, s: on(2, 0.2) if r == "CN" and s in ("manufacturing", "robotics") else 0.0,
        home_sharing={"CN": on(2, 0.3)},
        fiscal={"US": 0.1 * on(6, 0.5) + 2.5 * max(built - built_before, 0.0), "CN": 0.8 * ramp},
    )


class SecondWriting:
    """One run. `run` returns what a run records, name -> list over months, and the options of every adopter."""

    def __init__(self, scenario: Scenario, replicate: int):
        self.p = p = scenario.parameters
        self.months = scenario.run.months
        self.rivals, self.focus = scenario.rivals, scenario.focus
        self.key = run_key(scenario.run.seed, replicate)
        self.names = [name for name, line in p.lines.items() if line.active]
        self.line = {name: p.lines[name] for name in self.names}
        self.kind = {kind: getattr(p, kind) for kind in TYPES}
        self.sector = {name: getattr(p.sectors, name) for name in SECTORS}
        self.region = {name: getattr(p.regions, name) for name in REGIONS}
        people = build([(scenario, replicate)]).population
        self.people = [
            SimpleNamespace(
                region=CELLS[c][0],
                sector=CELLS[c][1],
                kind=CELLS[c][2],
                address=(int(c) << 26) + int(rank),
                size=float(size),
                quality=float(quality),
                cost=float(cost),
                extra=float(extra),
                starts=bool(starts),
                peers=[int(n) for n in peers],
                first=None,
                second=None,
                tenure=0,
                age=-1,
            )
            for c, rank, size, quality, cost, extra, starts, peers in zip(
                people.cell[0],
                people.rank[0],
                people.size[0],
                people.quality[0],
                people.cost[0],
                people.own_hosting[0],
                people.starts[0],
                people.peers[0],
                strict=True,
            )
        ]
        self.addresses = np.array([who.address for who in self.people])
        lines, n = self.names, len(self.names)
        self.frontier_chips = {r: self.region[r].chips * 1e6 for r in REGIONS}
        self.domestic_chips = dict.fromkeys(REGIONS, 0.0)
        self.output = {r: self.region[r].domestic_output for r in REGIONS}
        self.capacity = {r: self.region[r].domestic_capacity for r in REGIONS}
        self.public_compute = dict.fromkeys(lines, 0.0)
        self.algorithms = {j: self.line[j].algorithmic_start for j in lines}
        self.borrowed = dict.fromkeys(lines, 0.0)
        self.is_open = {j: self.line[j].openness == "open" for j in lines}
        self.base = {j: j for j in lines}
        self.near = dict.fromkeys(lines, 0)
        self.own_markup = {j: self.line[j].markup for j in lines}
        self.share_path = [dict.fromkeys(lines, 1 / n)]
        self.telemetry = {(j, s, m): 0.0 for j in lines for s in SECTORS for m in MODES}
        self.partner = {(j, s): 0.0 for j in lines for s in SECTORS}
        self.pool = {(r, s): 0.0 for r in REGIONS for s in SECTORS}
        self.derivatives = dict.fromkeys(lines, 0.0)
        self.experience = dict.fromkeys(lines, p.prices.experience_start)
        self.ecosystem = dict.fromkeys(lines, 1 / n)
        self.revenue = dict.fromkeys(lines, 1 / n)
        self.load = dict.fromkeys(lines, p.prices.mean_load)
        self.captured_share: dict[Any, float] = defaultdict(float)
        self.region_share = {(j, r): 0.0 for j in lines for r in REGIONS}
        self.awareness = {
            (j, r): self.line[j].awareness_home if self.line[j].region == r else self.line[j].awareness_abroad
            for j in lines
            for r in REGIONS
        }
        self.downloads: list[dict[str, float]] = []
        self.power_gain = dict.fromkeys(REGIONS, 0.0)
        self.frontier_path: list[float] = []
        self.watched: list[dict[str, dict[str, float]]] = []
        self.mean_use: dict[str, float] = {}

        def luck(option):
            return {j: self.luck("release", 0, line_address(j), option) for j in lines}

        spread, change, phase = p.lab.cadence_spread, luck(1), luck(0)
        self.cadence = {j: max(self.line[j].cadence + int(change[j] * (2 * spread + 1)) - spread, 1) for j in lines}
        self.next = {j: int(phase[j] * self.cadence[j]) + 1 for j in lines}
        self.count = dict.fromkeys(lines, 0)

    def luck(self, stream: str, month: int, agent: int, option: int = 0) -> float:
        return float(uniforms(self.key, stream, month, [agent], option)[0])

    def run(self) -> tuple[dict[str, list[Any]], list[list[tuple[int, int]]]]:
        found: dict[str, list[Any]] = defaultdict(list)
        choices = []
        for t in range(self.months):
            for name, value in self.month(t).items():
                found[name].append(value)
            choices.append(
                [
                    tuple(
                        -1 if slot is None else 3 * self.names.index(slot[0]) + MODES.index(slot[1])
                        for slot in (who.first, who.second)
                    )
                    for who in self.people
                ]
            )
        return found, choices

    def by_line(self, values: Any) -> list[float]:
        return [float(values[j]) for j in self.names]

    def by_region(self, values: Any) -> list[float]:
        return [float(values[r]) for r in REGIONS]

    def month(self, t: int) -> dict[str, Any]:
        p, lines = self.p, self.names
        government = p.government
        lv = levers(t, government.anticipation, government.anticipation_time)
        out: dict[str, Any] = {}
        scarcity, training_now, computes = self.supply(t, lv, out)
        due = self.improve(t, lv, scarcity, training_now, computes, out)
        price = self.sell(lv, out)
        for j in lines:
            for r in REGIONS:
                known, a = self.awareness[j, r], p.attention
                gain = (
                    a.advertising
                    + a.word_of_mouth * self.region_share[j, r]
                    + a.release_boost * due[j]
                    + lv.news(r, j, self.line[j].region)
                )
                self.awareness[j, r] = min(max(known + (1 - known) * gain - a.forgetting * known, 0.0), 1.0)
        out["awareness"] = [[self.awareness[j, r] for r in REGIONS] for j in lines]
        if t == 0:
            self.choose(0, lv, price, [who for who in self.people if who.starts], starting=True)
        self.decide(t, lv, price, out)
        self.use(t, lv, price, computes, out)
        self.expose(t, out)
        return out

    # -- compute -----------------------------------------------------------------------------------------------------

    def supply(self, t: int, lv: Any, out: dict[str, Any]) -> Any:
        p, c, lines = self.p, self.p.compute, self.names
        got: dict[str, dict[str, float]] = defaultdict(dict)
        for r in REGIONS:
            home = [j for j in lines if self.line[j].region == r]
            ratio = sum(self.revenue[j] for j in home) / (len(home) / len(lines)) if home else 1.0
            here = self.region[r]
            grown = exp(c.capex_growth * c.capex_slowdown * (1 - exp(-t / c.capex_slowdown)))
            capex = here.capex * grown * max(1 + c.capex_response * (ratio - 1), 0.0)
            capex *= 1 + lv.capex.get(r, 0.0)
            frontier_price = c.chip_price * exp(-c.chip_price_fall * t)
            budget = c.chip_share * capex * 1e9
            desired = budget / frontier_price * (1 + lv.stockpiling.get(r, 0.0))
            denial = lv.denial.get(r, 0.0)
            legal = (1 - denial) * (1 - lv.refusal.get(r, 0.0)) * desired
            denied = denial * desired
            smuggled = c.smuggling * (1 - c.enforcement) * (1 - lv.enforcement.get(r, 0.0)) * denied
            rest = max(budget - frontier_price * legal - (1 + c.smuggling_premium) * frontier_price * smuggled, 0.0)
            rest = rest if rest > 1e-12 * budget else 0.0
            money = rest * c.redirected + lv.chip_subsidy.get(r, 0.0) * 1e9
            learned = (self.output[r] / here.domestic_output) ** -c.domestic_learning if here.domestic_output else 1.0
            domestic_price = c.domestic_price * learned * exp(-c.domestic_price_fall * t)
            wanted = money / (domestic_price * (1 - lv.discount.get(r, 0.0)))
            capacity = self.capacity[r]
            made = (wanted**-8 + capacity**-8) ** (-1 / 8) if wanted > 0 and capacity > 0 else 0.0
            subsidy = lv.chip_subsidy.get(r, 0.0)
            pull = min(max(log(wanted / capacity), 0.0), 1.0) if wanted > 0 and capacity > 0 else 0.0
            growth = c.capacity_growth + c.demand_pull * pull + c.subsidy_pull * subsidy / (subsidy + c.subsidy_half)
            self.capacity[r] *= 1 + growth * (1 - lv.tools.get(r, 0.0))
            self.frontier_chips[r] = (1 - c.retirement) * self.frontier_chips[r] + legal + smuggled
            self.domestic_chips[r] = (1 - c.retirement) * self.domestic_chips[r] + made
            self.output[r] += made
            self.power_gain[r] += lv.power_growth.get(r, 0.0) * exp(-t / c.power_slowdown)
            faded = here.power_growth * c.power_slowdown * (1 - exp(-t / c.power_slowdown))
            power = here.power * exp(faded + self.power_gain[r])
            power += lv.power.get(r, 0.0)
            kilowatt = c.power_per_chip * exp(-c.power_per_chip_fall * t)
            need = kilowatt * (self.frontier_chips[r] + c.domestic_power_penalty * self.domestic_chips[r])
            powered = min(1.0, power * 1e6 / need)
            row = {
                "capex": capex,
                "chips_legal": legal,
                "chips_denied": denied,
                "chips_smuggled": smuggled,
                "chips_output": made,
                "chips_frontier": self.frontier_chips[r],
                "powered": powered,
                "chips_domestic": self.domestic_chips[r],
                "chip_capacity": self.capacity[r],
                "compute": powered * (self.frontier_chips[r] + self.domestic_chips[r]),
                "scarcity": min(max((denied - smuggled - made) / desired, 0.0), 1.0),
            }
            for name, value in row.items():
                got[name][r] = value
        for name, values in got.items():
            out[name] = self.by_region(values)
        bent = {
            j: self.line[j].compute_weight ** (1 - p.lab.revenue_elasticity)
            * max(self.revenue[j], p.lab.least_revenue_share) ** p.lab.revenue_elasticity
            for j in lines
        }
        computes = {}
        for j in lines:
            home = [k for k in lines if self.line[k].region == self.line[j].region]
            share = bent[j] / sum(bent[k] for k in home) * sum(self.line[k].compute_weight for k in home)
            computes[j] = got["compute"][self.line[j].region] * share * lv.compute.get(j, 1.0)
        for j in lines:
            granted = lv.grant.get(j, 0.0) * 1e9 * c.chip_share / (c.chip_price * exp(-c.chip_price_fall * t))
            self.public_compute[j] = (1 - c.retirement) * self.public_compute[j] + granted
        level = {j: p.lab.training_share * computes[j] + self.public_compute[j] for j in lines}
        if t == 0:
            self.training = level
            self.reference = max(level.values())
        else:
            self.training = {j: self.training[j] + (level[j] - self.training[j]) / p.lab.training_time for j in lines}
        out["training_compute"] = self.by_line(self.training)
        return got["scarcity"], self.training, computes

    # -- capability --------------------------------------------------------------------------------------------------

    def improve(self, t: int, lv: Any, scarcity: Any, training: Any, computes: Any, out: dict[str, Any]) -> Any:
        p, tech, lines = self.p, self.p.technology, self.names
        if t > 0:
            best = max(self.algorithms.values())
            opened = [self.released[j] for j in lines if self.is_open[j]]
            best_open, best_all = max(opened, default=-inf), max(self.released.values())
            for j in lines:
                scarce = scarcity[self.line[j].region]
                self.borrowed[j] += (
                    tech.weight_borrowing * max(best_open - self.internal[j], 0.0)
                    + tech.distillation * (1 - lv.restricted.get(j, 0.0)) * max(best_all - self.internal[j], 0.0)
                    - tech.borrowed_decay * self.borrowed[j]
                )
                self.algorithms[j] += tech.algorithmic_progress * (1 + tech.scarcity_innovation * scarce) + (
                    tech.idea_spillover * (best - self.algorithms[j])
                )
        e = p.community
        own = {j: e.derivative_gain * log1p(self.derivatives[j] / e.derivative_scale) * self.is_open[j] for j in lines}
        shared = {j: own[j] + e.technique_leak * (sum(own.values()) - own[j]) * self.is_open[j] for j in lines}
        self.internal = {
            j: log(training[j] / self.reference) + self.algorithms[j] + self.borrowed[j] + shared[j] for j in lines
        }
        worth, usable = {}, {}
        for j in lines:
            home = self.line[j].region
            for s in SECTORS:
                data = {k: sum(self.telemetry[k, s, m] for m in MODES) + self.partner[k, s] for k in lines}
                zeta, mandated = tech.data_sharing, lv.home_sharing.get(home, 0.0)
                total = data[j] + self.pool[home, s]
                total += sum(lv.pool_access.get((r, j), 0.0) * self.pool[r, s] for r in REGIONS if r != home)
                for k in lines:
                    if k != j:
                        same_home = self.line[k].region == home
                        total += data[k] * (1 - (1 - zeta) * (1 - (mandated if same_home else 0.0)))
                usable[j, s] = total
        for j in lines:
            for s in SECTORS:
                law, shape = self.sector[s], tech.data_shape
                total = usable[j, s] + tech.sector_sharing * sum(usable[j, x] for x in SECTORS if x != s)
                grown = 1 + (total / law.data_scale) ** shape
                worth[j, s] = law.data_gain * (1 - grown ** (-law.data_exponent / shape))
        out["data_gain"] = [[worth[j, s] for s in SECTORS] for j in lines]
        due = dict.fromkeys(lines, False)
        if t == 0:
            self.released = dict(self.internal)
            self.known = {
                (j, s): self.sector[s].capability_weight * self.internal[j] + worth[j, s]
                for j in lines
                for s in SECTORS
            }
            self.frontier_start = max(self.released.values())
        else:
            newest = {}
            for j in lines:
                self.next[j] -= 1
                due[j] = self.next[j] <= 0 or j in lv.released
                if due[j]:
                    jitter = p.lab.release_jitter
                    self.count[j] += 1
                    late = int(self.luck("release", self.count[j], line_address(j), 2) * (2 * jitter + 1)) - jitter
                    self.next[j] = max(self.cadence[j] + lv.cadence.get(j, 0.0) + late, 1)
            for j in lines:
                tempted = self.is_open[j] and 0 < p.lab.closing_patience <= self.near[j]
                obeys = self.luck("release", 0, line_address(j), 3)
                above, duty = lv.must_open.get(self.line[j].region, (inf, 0.0))
                if due[j] and (j in lv.opens or (self.released[j] > above and obeys < duty)):
                    self.is_open[j] = True
                above, duty = lv.must_close.get(self.line[j].region, (inf, 0.0))
                if due[j] and (tempted or (self.released[j] > above and obeys < duty)):
                    self.is_open[j] = False
            for j in lines:
                newest[j] = (self.internal[j], j)
                if self.line[j].builder:
                    newest[j] = self.build(j, lv, computes)
            for j in lines:
                if due[j]:
                    self.released[j], self.base[j] = newest[j]
                    for s in SECTORS:
                        self.known[j, s] = self.sector[s].capability_weight * self.released[j] + worth[j, s]
        frontier = max(self.released.values())
        for j in lines:
            self.near[j] = self.near[j] + 1 if self.released[j] >= frontier - p.lab.closing_margin else 0
        self.covered = {}
        for s, law in self.sector.items():
            drift = tech.demand_drift * law.capability_weight
            threshold = law.task_threshold + drift * (frontier - self.frontier_start)
            for j in lines:
                self.covered[j, s] = 1 / (1 + exp(-(self.known[j, s] - threshold) / tech.task_width))
        self.frontier_path.append(frontier)
        lag = []
        for j in lines:
            ahead = [m for m, q in enumerate(self.frontier_path) if q > self.released[j] + 1e-12]
            lag.append(0.0 if not ahead else np.nan if ahead[0] == 0 else float(t - ahead[0]))
        out.update(
            capability=self.by_line(self.internal),
            released=self.by_line(self.released),
            borrowed=self.by_line(self.borrowed),
            release=self.by_line(due),
            openness=self.by_line(self.is_open),
            base=[float(lines.index(self.base[j])) for j in lines],
            L8=lag,
            sector_capability=[[self.known[j, s] for s in SECTORS] for j in lines],
            coverage=[[self.covered[j, s] for s in SECTORS] for j in lines],
        )
        return due

    def build(self, j: str, lv: Any, computes: Any) -> tuple[float, str]:
        """A builder takes its own work, or the best open base less friction and gap, with post-training on top."""
        tech, home = self.p.technology, self.line[j].region
        best, base = -inf, j
        for k in self.names:
            if self.is_open[k] and not self.line[k].builder:
                origin = self.line[k].region
                friction = getattr(self.region[home].friction, origin).self_hosted
                friction += sum(lv.friction(home, origin, s, "self_hosted") for s in SECTORS) / len(SECTORS)
                worth = self.released[k] - tech.base_friction * friction
                if worth > best:
                    best, base = worth, k
        best = self.released[base] if best > -inf else best
        best += tech.post_training * log1p(computes[j] / tech.post_training_scale) - tech.builder_gap
        return (best, base) if best > self.internal[j] else (self.internal[j], j)

    # -- prices ------------------------------------------------------------------------------------------------------

    def sell(self, lv: Any, out: dict[str, Any]) -> Any:
        p, lines = self.p.prices, self.names
        frontier = max(self.released.values())
        price: dict[tuple[str, str, str], float] = {}
        markup = {}
        for j in lines:
            lead = exp(p.cost_slope * (self.released[j] - frontier))
            learned = (self.experience[j] / p.experience_start) ** -p.experience_exponent
            cost = p.cost_level * lead * self.line[j].serving_cost * learned
            captured = sum(
                lv.leak(r, g) * self.captured_share[j, r, s, g] for r, s, g in CELLS if r == self.line[j].region
            )
            if len(self.share_path) > 13:
                # a hair keeps the logarithm of a line without users finite
                growth = log(self.share_path[-1][j] + 1e-6) - log(self.share_path[-13][j] + 1e-6)
                self.own_markup[j] = min(max(self.own_markup[j] * exp(p.markup_speed * growth), 1.0), 6.0)
            markup[j] = self.own_markup[j] * (1 + captured)
            crowded = 1 + p.congestion * max(self.load[j] - 1, 0.0)
            for r in REGIONS:
                price[r, j, "api"] = cost * markup[j] * crowded
                price[r, j, "hosted"] = cost * p.host_markup
                price[r, j, "self_hosted"] = cost * self.region[r].self_hosting_cost

        def mean(j, m):
            return sum(price[r, j, m] for r in REGIONS) / len(REGIONS)

        extra = {"api": 1.0, "hosted": 1.0, "self_hosted": 1 + p.self_hosting_penalty}
        out["price"] = [[mean(j, m) * extra[m] for m in MODES] for j in lines]
        out["markup"] = self.by_line(markup)
        out["price_of_fixed_capability"] = p.cost_level * exp(p.cost_slope * (self.frontier_start - frontier))
        return price

    # -- choice ------------------------------------------------------------------------------------------------------

    def decide(self, t: int, lv: Any, price: Any, out: dict[str, Any]) -> None:
        before = [None if who.first is None else who.first[0] for who in self.people]
        everyone = sum(line is not None for line in before) / len(self.people)
        arrive = uniforms(self.key, "arrive", t + 1, self.addresses)
        obeys = uniforms(self.key, "comply", 0, self.addresses)
        choosers = []
        for n, who in enumerate(self.people):
            kind = self.kind[who.kind]
            who.obeys = obeys[n]
            who.peers_on = [before[peer] for peer in who.peers]
            if who.first is None:
                adopted = sum(line is not None for line in who.peers_on) / len(who.peers_on)
                chance = kind.innovation + kind.imitation * (adopted + everyone) / 2
                chance *= lv.push(who.region, who.sector)
            else:
                chance = kind.review_rate
                if any(slot and self.forbidden(who, slot[0], lv) for slot in (who.first, who.second)):
                    chance = 1 - (1 - chance) * (1 - self.p.adopter.forced_review)
            if arrive[n] < chance:
                choosers.append(who)
        self.choose(t + 1, lv, price, choosers, starting=False)
        n_of = {g: sum(who.kind == g for who in self.people) for g in TYPES}
        user = {g: [who for who in self.people if who.kind == g and who.first] for g in TYPES}
        some = {g: max(len(user[g]), 1) for g in TYPES}
        here = {(r, g): sum((who.region, who.kind) == (r, g) for who in self.people) for r in REGIONS for g in TYPES}
        out.update(
            members=[n_of[g] for g in TYPES],
            adoption=[len(user[g]) / max(n_of[g], 1) for g in TYPES],
            adoption_by_region=[
                [sum(who.region == r for who in user[g]) / max(here[r, g], 1) for g in TYPES] for r in REGIONS
            ],
            installed_base=[
                sum(who.first[0] == j for g in TYPES for who in user[g]) / len(self.people) for j in self.names
            ],
            primary_by_type=[[sum(who.first[0] == j for who in user[g]) / some[g] for j in self.names] for g in TYPES],
            multi_homing=[sum(bool(who.second) for who in user[g]) / some[g] for g in TYPES],
            switching=[sum(who.moved for who in choosers if who.kind == g) / some[g] for g in TYPES],
            adoptions=[sum(who.began for who in choosers if who.kind == g) / max(n_of[g], 1) for g in TYPES],
            surplus=[
                float(np.mean([who.surplus for who in choosers if who.kind == g]))
                if any(who.kind == g for who in choosers)
                else np.nan
                for g in TYPES
            ],
        )
        self.choosers = choosers

    def forbidden(self, who: Any, j: str, lv: Any) -> bool:
        """The US bans Chinese lines, and lines that were built on Chinese ones."""
        # both bans bind the same part, and of two the stricter counts
        banned = "CN" in (self.line[j].region, self.line[self.base[j]].region)
        return banned and who.obeys < lv.bound(who.region, who.sector, who.kind)

    def bill(self, who: Any, j: str, m: str, price: Any, lv: Any) -> tuple[float, float]:
        """Price with taxes, and what the adopter pays of it, with the burden of own hardware."""
        taxed = price[who.region, j, m]
        if m == "api":
            taxed *= 1 + lv.tariff(who.region, self.line[j].region)
        paid = taxed * (1 - lv.paid(who.region, who.kind))
        if m != "api":
            paid *= 1 - lv.voucher(who.region, who.kind)
        return taxed, paid * (exp(who.extra) if m == "self_hosted" else 1.0)

    def choose(self, month: int, lv: Any, price: Any, choosers: list[Any], *, starting: bool) -> None:
        """Races of exponential times: between blocks, then between lines of the block, then between modes."""
        a, lines = self.p.adopter, self.names
        if not choosers:
            return
        agents = np.array([who.address for who in choosers])

        def draw(stream, option):
            return uniforms(self.key, stream, month, agents, option)

        luck = {
            **{("consider", j): draw("consider", line_address(j)) for j in lines},
            **{(slot, j): draw(("line", "second_line")[slot], line_address(j)) for slot in (0, 1) for j in lines},
            **{(slot, b): draw(("block", "second_block")[slot], b) for slot in (0, 1) for b in range(9)},
            **{
                (slot, j, m): draw(("mode", "second_mode")[slot], line_address(j) + n)
                for slot in (0, 1)
                for j in lines
                for n, m in enumerate(MODES)
            },
        }
        mu, lam = a.line_dissimilarity, a.mode_dissimilarity
        fit = {"api": a.customisation_api, "hosted": a.customisation_hosted, "self_hosted": a.customisation_self_hosted}
        for n, who in enumerate(choosers):
            kind, old = self.kind[who.kind], who.first
            held = {slot[0] for slot in (who.first, who.second) if slot}
            outside = kind.outside_value + lv.outside(who.region, who.sector)
            value: dict[tuple[str, str], float] = {}
            for j in lines:
                if luck["consider", j][n] >= self.awareness[j, who.region] and j not in held:
                    continue
                if not starting and self.forbidden(who, j, lv):
                    continue
                for m in MODES if self.is_open[j] else ("api",):
                    paid = self.bill(who, j, m, price, lv)[1]
                    served = a.service_closed if not self.is_open[j] else a.service_open
                    served = a.service_self_hosted if m == "self_hosted" else served
                    origin = self.line[j].region
                    friction = getattr(getattr(self.region[who.region].friction, origin), m)
                    friction += lv.friction(who.region, origin, who.sector, m)
                    v = who.quality * self.covered[j, who.sector] - who.cost * log(paid)
                    v += kind.customisation_weight * fit[m] + kind.service_weight * served
                    v += a.ecosystem_weight * self.ecosystem[j] - kind.trust_weight * friction
                    v += lv.preference(who.region, who.sector, j)
                    if not starting:
                        v += a.peer_weight * who.peers_on.count(j) / len(who.peers_on)
                    if old and old[0] == j:
                        v += a.learning_weight * (1 - exp(-who.tenure / a.learning_time))
                    elif old:
                        v -= kind.switching_cost
                    value[j, m] = v
            taken: list[tuple[str, str]] = []
            for slot in (0, 1):
                left = sorted({j for j, _ in value if not taken or j != taken[0][0]}, key=lines.index)
                line_worth = {j: lam * log(sum(exp(v / lam) for (k, _), v in value.items() if k == j)) for j in left}

                def block_of(j):
                    return 2 * REGIONS.index(self.line[j].region) + self.is_open[j]

                blocks = sorted({block_of(j) for j in left})
                block_worth = {
                    b: mu * log(sum(exp(w / mu) for j, w in line_worth.items() if block_of(j) == b)) for b in blocks
                }
                race = {b: -log(luck[slot, b][n]) / exp(w) for b, w in block_worth.items()}
                if not (starting and slot == 0):
                    race[8] = -log(luck[slot, 8][n]) / exp(outside)
                if slot == 0 and not starting:
                    total = sum(exp(w) for w in block_worth.values()) + exp(outside)
                    who.surplus = log(total) / who.cost
                if not race:
                    break
                winner = min(race, key=race.__getitem__)
                if winner == 8:
                    break
                inside = [j for j in left if block_of(j) == winner]
                line = min(inside, key=lambda j: -log(luck[slot, j][n]) / exp(line_worth[j] / mu))
                modes = [m for j, m in value if j == line]
                mode = min(modes, key=lambda m: -log(luck[slot, line, m][n]) / exp(value[line, m] / lam))
                taken.append((line, mode))
            new_first, new_second = (*taken, None, None)[:2]
            who.fresh = [slot for slot in taken if slot not in (who.first, who.second)]
            who.began = old is None and new_first is not None
            who.moved = old is not None and new_first is not None and new_first[0] != old[0]
            if who.began and who.age < 0:
                who.age = 0
            if (new_first and new_first[0]) != (old and old[0]):
                who.tenure = 0
            who.first, who.second = new_first, new_second

    # -- usage, data, ecosystem --------------------------------------------------------------------------------------

    def use(self, t: int, lv: Any, price: Any, computes: Any, out: dict[str, Any]) -> None:
        p, a, lines, tech = self.p, self.p.adopter, self.names, self.p.technology
        uses: list[tuple[Any, str, str, float, float]] = []
        subsidies: list[tuple[Any, float, float]] = []
        for who in self.people:
            slots = [slot for slot in (who.first, who.second) if slot]
            for rank, (j, m) in enumerate(slots):
                weight = 1.0 if len(slots) == 1 else (1 - a.second_slot_weight, a.second_slot_weight)[rank]
                listed = price[who.region, j, m]
                taxed, paid = self.bill(who, j, m, price, lv)
                amount = weight * who.size / 12 * self.covered[j, who.sector] * paid**-p.prices.usage_elasticity
                uses.append((who, j, m, amount * (1 - exp(-(who.age + 1) / a.ramp_time)), listed))
                # a rebate is what the price for own hardware leaves out of an adopter's own burden
                own = exp(who.extra) if m == "self_hosted" else 1.0
                subsidies.append((who, uses[-1][3] * (taxed - paid / own), uses[-1][3] * taxed))
        self.uses = uses
        usage = {(r, j, m): 0.0 for r in REGIONS for j in lines for m in MODES}
        by_sector = {(s, j): 0.0 for s in SECTORS for j in lines}
        cell_line: dict[Any, float] = defaultdict(float)
        for who, j, m, amount, _ in uses:
            usage[who.region, j, m] += amount
            by_sector[who.sector, j] += amount
            cell_line[j, who.region, who.sector, who.kind] += amount
        line_use = {j: sum(by_sector[s, j] for s in SECTORS) for j in lines}
        self.usage = usage
        api = {j: sum(usage[r, j, "api"] for r in REGIONS) for j in lines}
        earned = {j: sum(usage[r, j, "api"] * price[r, j, "api"] for r in REGIONS) for j in lines}

        def share(values):
            return {k: v / max(sum(values.values()), 1e-300) for k, v in values.items()}

        self.revenue = share(earned)
        self.captured_share = defaultdict(float, {k: v / max(line_use[k[0]], 1e-300) for k, v in cell_line.items()})
        served = share(computes)
        self.load = {j: p.prices.mean_load * share(api)[j] / served[j] for j in lines}
        means = {}
        for s in SECTORS:
            amounts = [use[3] for use in uses if use[0].sector == s]
            means[s] = sum(amounts) / max(len(amounts), 1)
        if t == 0:
            self.mean_use = means
        caught: dict[Any, float] = defaultdict(float)
        partner: dict[Any, float] = defaultdict(float)
        pooled: dict[Any, float] = defaultdict(float)
        for who, j, m, amount, _ in uses:
            kind, s = self.kind[who.kind], who.sector
            diversity = self.sector[s].site_diversity
            teaches = amount**diversity * self.mean_use[s] ** (1 - diversity)
            rate = {"api": kind.telemetry, "hosted": kind.hosted_telemetry, "self_hosted": kind.self_hosted_telemetry}
            caught[j, s, m] += teaches * rate[m] * (1 - lv.privacy.get(who.region, 0.0))
            if m != "api" and self.line[j].region == who.region:
                partner[j, s] += tech.partner_capture * teaches
            pooled[who.region, s] += lv.mandate(who.region, s) * teaches
        self.mean_use = {s: means[s] if means[s] > 0 else self.mean_use[s] for s in SECTORS}
        keep = {s: 1 - self.sector[s].data_decay for s in SECTORS}
        self.telemetry = {k: keep[k[1]] * v + caught[k] for k, v in self.telemetry.items()}
        self.partner = {k: keep[k[1]] * v + partner[k] for k, v in self.partner.items()}
        self.pool = {k: keep[k[1]] * v + pooled[k] for k, v in self.pool.items()}
        startups = [who for who in self.people if who.kind == "startup"]
        e = p.community
        on = {j: sum(any(slot and slot[0] == j for slot in (who.first, who.second)) for who in startups) for j in lines}
        made = {j: e.derivative_rate * self.is_open[j] * on[j] * 100 / len(startups) for j in lines}
        self.derivatives = {j: (1 - e.derivative_decay) * self.derivatives[j] + made[j] for j in lines}
        first = share({j: float(sum(bool(who.first) and who.first[0] == j for who in startups)) for j in lines})
        self.ecosystem = {j: self.ecosystem[j] + e.memory * (first[j] - self.ecosystem[j]) for j in lines}
        self.experience = {j: self.experience[j] + line_use[j] for j in lines}
        users = [who.first[0] for who in self.people if who.first]
        self.share_path.append({j: users.count(j) / max(len(users), 1) for j in lines})
        people_of = {r: [who for who in self.people if who.region == r] for r in REGIONS}
        self.region_share = {
            (j, r): sum(bool(who.first) and who.first[0] == j for who in people_of[r]) / len(people_of[r])
            for j in lines
            for r in REGIONS
        }
        for who in self.people:
            if who.first:
                who.tenure += 1
            if who.age >= 0:
                who.age += 1
        focus = {r: {j: sum(usage[r, j, m] for m in MODES) for j in lines} for r in REGIONS}
        counted = [r for r in REGIONS if r not in self.focus.exclude_regions]
        everything = sum(sum(focus[r].values()) for r in counted)

        def stock(m):
            return [sum(self.telemetry[j, s, m] for j in lines) for s in SECTORS]

        def at(r, s, js):
            return sum(use[3] for use in uses if (use[0].region, use[0].sector) == (r, s) and use[1] in js)

        channels = [
            *(stock(m) for m in MODES),
            [sum(self.partner[j, s] for j in lines) for s in SECTORS],
            [sum(self.pool[r, s] for r in REGIONS) for s in SECTORS],
        ]
        out.update(
            usage=[[[usage[r, j, m] for m in MODES] for j in lines] for r in REGIONS],
            usage_by_sector=[[by_sector[s, j] for j in lines] for s in SECTORS],
            usage_by_region_and_sector=[[[at(r, s, (j,)) for j in lines] for s in SECTORS] for r in REGIONS],
            usage_by_place=[[at(r, s, lines) for s in SECTORS] for r in REGIONS],
            focus_usage=[[at(r, s, self.focus.lines) for s in SECTORS] for r in REGIONS],
            focus_share=sum(focus[r][j] for r in counted for j in self.focus.lines) / everything,
            load=self.by_line(self.load),
            revenue_share=self.by_line(self.revenue),
            data=[[sum(self.telemetry[j, s, m] for m in MODES) + self.partner[j, s] for s in SECTORS] for j in lines],
            data_by_channel=[list(row) for row in zip(*channels, strict=True)],
            data_pool=[[self.pool[r, s] for s in SECTORS] for r in REGIONS],
            derivatives=self.by_line(self.derivatives),
            experience=self.by_line(self.experience),
            ecosystem=self.by_line(self.ecosystem),
            fiscal_cost=[
                lv.fiscal.get(r, 0.0)
                + out["capex"][n] * (1 - 1 / (1 + lv.capex.get(r, 0.0)))
                + self.p.prices.tokens_per_sector_year
                / 1000
                * sum(spared + lv.leak(r, who.kind) * taxed for who, spared, taxed in subsidies if who.region == r)
                for n, r in enumerate(REGIONS)
            ],
            subsidy_paid=[
                sum(spared + lv.leak(r, who.kind) * taxed for who, spared, taxed in subsidies if who.region == r)
                for r in REGIONS
            ],
            subsidy_leaked=[
                sum(lv.leak(r, who.kind) * taxed for who, _, taxed in subsidies if who.region == r) for r in REGIONS
            ],
        )
        self.look(made, out)

    def look(self, made: Any, out: dict[str, Any]) -> None:
        """The lenses."""
        group = {j: f"{self.line[j].region} {'open' if self.is_open[j] else 'closed'}" for j in self.names}

        def split(rows):
            return [
                sum(amount for j, amount in rows if group[j] == g) / max(sum(amount for _, amount in rows), 1e-300)
                for g in GROUPS
            ]

        outside = [(who, j, m, u, cost) for who, j, m, u, cost in self.uses if who.region != "CN"]
        fresh: dict[str, float] = defaultdict(float)
        for j in self.names:
            fresh[group[self.base[j]]] += made[j] * sum(who.kind == "startup" for who in self.people) / 100
        for who in self.choosers:
            for j, m in who.fresh:
                if m != "api":
                    fresh[group[self.base[j]]] += 1
        self.downloads = [*self.downloads[-2:], fresh]
        summed = [sum(month[g] for month in self.downloads) for g in GROUPS]
        enterprises = [use for use in outside if use[0].kind == "enterprise"]

        def spend(uses):
            return [(j, u * cost) for _, j, m, u, cost in uses if m != "self_hosted"]

        shares: dict[str, list[list[float]]] = {"L3": [], "L4": []}
        firms = []
        for r in REGIONS:
            startups = [who for who in self.people if (who.region, who.kind) == (r, "startup")]
            lines_of = [{slot[0] for slot in (who.first, who.second) if slot} for who in startups]
            some_open = [lines for lines in lines_of if any(self.is_open[j] for j in lines)]
            for name, those, number in (("L3", lines_of, len(lines_of)), ("L4", some_open, len(some_open))):
                shares[name].append(
                    [sum(any(group[j] == g for j in lines) for lines in those) / max(number, 1) for g in GROUPS]
                )
            firm = [who for who in self.people if who.region == r and who.kind in ("enterprise", "industrial")]
            firms.append(sum(bool(who.first) for who in firm) / len(firm))
        out.update(
            L1=split([(j, u) for who, j, _, u, _ in outside if who.kind == "startup"]),
            L2=[value / max(sum(summed), 1e-300) for value in summed],
            L3=shares["L3"],
            L4=shares["L4"],
            L5=split([(j, u) for _, j, _, u, _ in enterprises]),
            L5_spend=split(spend(enterprises)),
            L6=firms,
            L7=split(spend(self.uses)),
        )

    # -- exposure ----------------------------------------------------------------------------------------------------

    def expose(self, t: int, out: dict[str, Any]) -> None:
        e = self.p.exposure
        data = {"api": e.data_api, "hosted": e.data_hosted, "self_hosted": e.data_self_hosted}
        operation = {"api": e.operational_api, "hosted": e.operational_hosted, "self_hosted": e.operational_self_hosted}
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for r in REGIONS:
            rivals, here = getattr(self.rivals, r), [use for use in self.uses if use[0].region == r]
            origin = {j: self.line[self.base[j]].region for j in self.names}
            top = bottom = top_o = bottom_o = against = rate = 0.0
            by_origin: dict[str, float] = defaultdict(float)
            for who, j, m, u, _ in here:
                law = self.sector[who.sector]
                danger = origin[j] in rivals
                critical = law.criticality
                top, bottom = top + u * critical * data[m] * danger, bottom + u * critical
                critical *= law.autonomy if who.sector in PHYSICAL else 0.0
                top_o += u * critical * operation[m] * danger * self.line[j].vulnerability
                bottom_o += u * critical
                against, rate = against + u * danger, rate + u * danger * self.kind[who.kind].review_rate
                by_origin[origin[j]] += u
            total = sum(by_origin.values())
            dx, ox = top / max(bottom, 1e-300), top_o / max(bottom_o, 1e-300)
            found["data_exposure"][r], found["operational_exposure"][r] = dx, ox
            found["security_exposure"][r] = 1 - (1 - dx) * (1 - ox)
            found["concentration"][r] = sum((u / total) ** 2 for u in by_origin.values())
            found["shedding_time"][r] = log(10) / (rate / against) if against else np.nan
        for name, values in found.items():
            out[name] = self.by_region(values)
        self.watched.append(
            {
                **found,
                "scarcity": dict(zip(REGIONS, out["scarcity"], strict=True)),
                "powered": dict(zip(REGIONS, out["powered"], strict=True)),
            }
        )
        government = self.p.government
        seen = (
            ("observed_exposure", "security_exposure"),
            ("observed_scarcity", "scarcity"),
            ("observed_concentration", "concentration"),
            ("observed_powered", "powered"),
        )
        for option, (name, metric) in enumerate(seen):
            row = []
            for n, r in enumerate(REGIONS):
                late = t - government.observation_lag
                error = 1 + government.observation_noise * float(ndtri(self.luck("observe", t + 1, n, option)))
                row.append(self.watched[late][metric][r] * error if late >= 0 else np.nan)
            out[name] = row
