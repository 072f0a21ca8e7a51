"""From the term that tipped an adopter back to the first cause: the policy, event or assumption that differs.

Each step asks what moved the last quantity most, and reads it in both worlds: price <- serving cost, markup,
congestion; quality <- capability, data, the frontier; capability <- compute, algorithms, what is borrowed; peers <-
which peers parted earlier. Where a step ends at what other adopters use, the adopter who parted first is followed to
its own cause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.basics.axes import API, N_MODES, REGIONS, SECTORS, TYPES, month_label
from sim.engines.probes.trace import Trace
from sim.engines.world import cell_region, cell_type
from sim.experiments.explain.causal_chain import (
    Chain,
    Link,
    Root,
    differing_assumptions,
    entries,
    known_from,
    levers_of,
    linked,
    log_ratio,
)
from sim.experiments.explain.divergence import Divergence, Pair
from sim.model.levers import LEVERS, axis_labels
from sim.model.rules.worth import TERMS

Array = npt.NDArray[Any]

CHIPS = (
    "export_denial",
    "enforcement",
    "stockpiling",
    "import_refusal",
    "chip_subsidy",
    "chip_discount",
    "tool_control",
    "capex_boost",
)
OPENING = ("open_release", "close_release", "open_above", "open_duty", "closed_above", "closed_duty")
RELEASES = ("release_now", "cadence_change")
DATA = ("data_mandate", "pool_access", "pool_listed", "data_sharing", "privacy")
DIRECT = {
    "policy_price": ("tariff", "adoption_subsidy", "compute_voucher"),
    "policy_outside": ("outside_value",),
    "ban": ("ban", "base_ban"),
    "push": ("push",),
}
"""What policy moves itself -> the levers by which it does; a term may also name its lever."""

LONGEST = 24
"""Steps after which a chain is cut; each goes back in time or up from use to supply, so none comes near it."""


@dataclass(frozen=True)
class _Step:
    """What a question upstream came to: links so far, and the root or the adopter at whom it goes on."""

    links: tuple[Link, ...]
    root: Root | None = None
    adopter: int | None = None


class CauseTracer:
    """Follows partings to their causes; every adopter is followed once."""

    def __init__(self, pair: Pair):
        self.pair = pair
        self.base, self.other = pair.base, pair.other
        self.lines = list(pair.base.scenario.roster)
        self.homes = [REGIONS.index(line.region) for line in pair.base.scenario.roster.values()]
        self.assumptions = differing_assumptions(self.base.scenario, self.other.scenario)
        self._chains: dict[int, Chain] = {}
        self._since: dict[str, Array] = {}

    def chain(self, adopter: int) -> Chain | None:
        """The chain of an adopter's first parting; None if it never parts."""
        # by a list of those still open, and not by calling itself: a chain of peers may be long
        todo = [adopter]
        while todo:
            who = todo[-1]
            parting = self.pair.parting(who)
            if parting is None:
                return None
            step = self._first_step(parting)
            if step.adopter is not None and step.adopter not in self._chains:
                todo.append(step.adopter)
                continue
            rest = self._chains[step.adopter] if step.adopter is not None else None
            root = rest.root if rest else step.root
            assert root is not None
            links = step.links + (rest.links if rest else ())
            self._chains[who] = Chain(parting, links[:LONGEST], root)
            todo.pop()
        return self._chains[adopter]

    # -- the first step ------------------------------------------------------------------------------------------

    def _first_step(self, parting: Divergence) -> _Step:
        term, line = parting.source
        month = parting.month
        _, r, s, g = self.pair.worlds[0].where(parting.adopter)
        at = {"region": r, "sector": s, "type": g}
        levers = (TERMS[term].lever,) if term in TERMS and TERMS[term].lever else DIRECT.get(term)
        if levers:
            if line >= 0:
                at |= {"line": line, "origin": self.homes[line]}
            return self._policy((), levers, month, at)
        if term in ("quality", "cost") and self._own_taste(parting.adopter):
            return self._own_taste_step(parting)
        if term == "quality":
            return self._quality(line, s, month)
        if term == "cost":
            return self._price(line, self._mode(parting, line), r, month)
        if term == "peers":
            return self._peers(parting.adopter, line, month)
        if term == "ecosystem":
            return self._ecosystem(line, month)
        if term == "awareness":
            return self._awareness(line, r, month)
        if term == "openness":
            return self._openness(line, month)
        if term in ("peer_adoption", "world_adoption"):
            return self._adoption(parting, term == "peer_adoption")
        return self._assumption((), month, term.replace("_", " "))

    def _mode(self, parting: Divergence, line: int) -> int:
        """The mode of a line that the adopter uses in either world; its own service if in none."""
        for option in parting.options:
            if option >= 0 and option // N_MODES == line:
                return option % N_MODES
        return API

    # -- what adopters see ---------------------------------------------------------------------------------------

    def _quality(self, line: int, sector: int, month: int) -> _Step:
        """Coverage <- capability in the sector, or the frontier that makes tasks harder."""
        name, where = self.lines[line], SECTORS[sector]
        link = self._link(month, f"tasks of {where} that {name} covers", "share", "coverage", line, sector)
        ability = self._both("sector_capability", month, line, sector)
        width = self.base.scenario.parameters.technology.task_width
        log_odds = [self._log_odds(value) for value in (link.base, link.other)]
        own = ability[1] - ability[0]
        frontier = width * (log_odds[1] - log_odds[0]) - own
        if abs(frontier) > abs(own):
            leader = int(np.argmax(self.other.series["released"][month]))
            return self._capability(leader, month, (link,), "the frontier, which raises what tasks demand")
        return self._sector_capability(line, sector, month, (link,))

    @staticmethod
    def _log_odds(share: float) -> float:
        return math.log(share) - math.log1p(-share) if 0 < share < 1 else 0.0

    def _sector_capability(self, line: int, sector: int, month: int, links: tuple[Link, ...]) -> _Step:
        """Capability in a sector <- general capability, or what data add, at the newest release."""
        released = [self._released_in(trace, line, month) for trace in (self.base, self.other)]
        weight = [
            getattr(trace.scenario.parameters.sectors, SECTORS[sector]).capability_weight
            for trace in (self.base, self.other)
        ]
        general = [w * v for w, v in zip(weight, self._both("released", month, line), strict=True)]
        whole = self._both("sector_capability", month, line, sector)
        data = (whole[1] - general[1]) - (whole[0] - general[0])
        if abs(data) > abs(general[1] - general[0]):
            name = f"what data add to {self.lines[line]} in {SECTORS[sector]}"
            gain = Link(max(released), name, whole[0] - general[0], whole[1] - general[1], "nats")
            return self._data(line, sector, max(released), (*links, gain))
        return self._capability(line, month, links)

    def _capability(self, line: int, month: int, links: tuple[Link, ...], note: str = "") -> _Step:
        """Released capability <- compute, algorithms, borrowing or community, as they stood at the release."""
        name = self.lines[line]
        link = self._link(month, f"released capability of {name}", "nats", "released", line, note=note)
        links = (*links, link)
        when = [self._released_in(trace, line, month) for trace in (self.base, self.other)]
        if when[0] != when[1]:
            dates = Link(max(when), f"newest release of {name}", when[0], when[1], "month")
            moved = self._policy_or_none((*links, dates), RELEASES, max(when), {"line": line})
            if moved is not None:
                return moved
        bases = [int(trace.series["base"][at, line]) for trace, at in zip((self.base, self.other), when, strict=True)]
        if bases[1] != line and len(links) < LONGEST:  # built on another's weights
            return self._capability(bases[1], max(when), links, f"{name} is built on it")
        sights = [trace.sights[at] for trace, at in zip((self.base, self.other), when, strict=True)]
        parts = {
            "training": [math.log(max(float(sight.training[line]), 1e-300)) for sight in sights],
            "algorithmic": [float(sight.algorithmic[line]) for sight in sights],
            "borrowed": [float(sight.borrowed[line]) for sight in sights],
            "community": [float(sight.community[line]) for sight in sights],
        }
        part = self._mover(parts, link.other - link.base)
        at = max(when)
        if part == "training":
            return self._training(line, at, links)
        values = parts[part]
        if part == "borrowed":
            step = Link(at, f"capability that {name} borrows from others", values[0], values[1], "nats")
            restricted = self._policy_or_none((*links, step), ("access_restriction",), at, {"line": line})
            if restricted is not None:
                return restricted
            return self._lent((*links, step), line, at)
        if part == "community":
            step = Link(at, f"what derivatives add to {name}", values[0], values[1], "nats")
            return self._use((*links, step), line, at, kind="startup")
        step = Link(at, f"algorithms of {name}", values[0], values[1], "nats")
        scarce = self._link(at, f"chip scarcity in {REGIONS[self.homes[line]]}", "share", "scarcity", self.homes[line])
        if scarce.base != scarce.other:
            return self._policy((*links, step, scarce), CHIPS, at, {"region": self.homes[line]})
        return self._lent((*links, step), line, at)

    def _lent(self, links: tuple[Link, ...], line: int, month: int) -> _Step:
        """What is borrowed, or spills over <- the lines that lead; and a lag behind them that compute makes."""
        moved = np.abs(
            self.other.series["capability"][max(month - 1, 0)] - self.base.series["capability"][max(month - 1, 0)]
        )
        # those that lend are ahead; whoever moved most of them, or the line itself when none did
        ahead = self.other.series["released"][month] > self.other.series["released"][month, line]
        moved = np.where(ahead, moved, 0.0)
        lender = int(moved.argmax()) if moved.max() > 0 else line
        return self._training(lender, max(month - 1, 0), links)

    def _training(self, line: int, month: int, links: tuple[Link, ...]) -> _Step:
        """Training compute <- public grants, the region's compute, or the lab's part of it."""
        name, home = self.lines[line], self.homes[line]
        links = (*links, self._link(month, f"training compute of {name}", "H100e", "training_compute", line))
        sights = self.base.sights[month], self.other.sights[month]
        compute = self._both("compute", month, home)
        part = [float(sight.lab_compute[line]) / max(c, 1e-300) for sight, c in zip(sights, compute, strict=True)]
        granted = self._policy_or_none((), ("compute_grant",), month, {"line": line})
        region, own = log_ratio(*compute), log_ratio(*part)
        moved = log_ratio(links[-1].base, links[-1].other)
        if granted is not None and max(abs(region), abs(own)) <= abs(moved) / 2:
            return _Step((*links, *granted.links), granted.root)
        if abs(own) > abs(region):
            share = Link(month, f"part of {REGIONS[home]}'s compute that {name} has", part[0], part[1], "share")
            factor = self._policy_or_none((*links, share), ("compute_factor",), month, {"line": line})
            return factor or self._use((*links, share), None, month, note="through revenue")
        return self._region(home, month, links)

    def _region(self, region: int, month: int, links: tuple[Link, ...]) -> _Step:
        """A region's usable compute <- chips or power."""
        name = REGIONS[region]
        links = (*links, self._link(month, f"usable compute of {name}", "H100e", "compute", region))
        chips = [
            float(trace.series["chips_frontier"][month, region] + trace.series["chips_domestic"][month, region])
            for trace in (self.base, self.other)
        ]
        powered = self._both("powered", month, region)
        grown, lit = log_ratio(*chips), log_ratio(*powered)
        if abs(lit) > abs(grown):
            step = self._link(month, f"chips in {name} that have power", "share", "powered", region)
            power = self._policy_or_none((*links, step), ("grid_power", "grid_growth"), month, {"region": region})
            if power is not None:
                return power
            links = (*links, step)
        kind = max(
            ("chips_frontier", "chips_domestic"),
            key=lambda stock: abs(self._gap(stock, month, region)),
        )
        words = {"chips_frontier": "frontier chips", "chips_domestic": "domestic chips"}[kind]
        links = (*links, self._link(month, f"{words} in {name}", "H100e", kind, region))
        denied = self._policy_or_none(links, CHIPS, month, {"region": region})
        if denied is not None:
            return denied
        spent = self._link(month, f"AI capital expenditure of {name}", "$B/month", "capex", region)
        return self._use((*links, spent), None, month, note="through revenue")

    def _data(self, line: int, sector: int, month: int, links: tuple[Link, ...]) -> _Step:
        """What data add <- a mandate, a limit on telemetry, or more use."""
        home = self.homes[line]
        own, pool = self._both("data", month, line, sector), self._both("data_pool", month, home, sector)
        if abs(pool[1] - pool[0]) >= abs(own[1] - own[0]):
            links = (
                *links,
                Link(month, f"data pool of {REGIONS[home]} in {SECTORS[sector]}", pool[0], pool[1], "sector-years"),
            )
        else:
            links = (
                *links,
                Link(month, f"data of {self.lines[line]} in {SECTORS[sector]}", own[0], own[1], "sector-years"),
            )
        return self._policy_or_none(links, DATA, month, {}) or self._use(links, line, month, sector=sector)

    def _price(self, line: int, mode: int, region: int, month: int) -> _Step:
        """Price on the market <- serving cost, markup or congestion."""
        name = self.lines[line]
        sights = self.base.sights[month], self.other.sights[month]
        prices = [float(sight.price[region, line, mode]) for sight in sights]
        link = Link(month, f"price of {name}", prices[0], prices[1], "$/Mtoken")
        p = [trace.scenario.parameters.prices for trace in (self.base, self.other)]
        released, frontier = (
            self._both("released", month, line),
            [float(trace.series["released"][month].max()) for trace in (self.base, self.other)],
        )
        parts = {
            "released": [one.cost_slope * value for one, value in zip(p, released, strict=True)],
            "frontier": [-one.cost_slope * value for one, value in zip(p, frontier, strict=True)],
            "experience": [
                -one.experience_exponent * math.log(float(sight.experience[line]))
                for one, sight in zip(p, sights, strict=True)
            ],
        }
        if mode == API:
            parts["markup"] = [math.log(value) for value in self._both("markup", month, line)]
            parts["load"] = [
                math.log1p(one.congestion * max(float(sight.load[line]) - 1, 0.0))
                for one, sight in zip(p, sights, strict=True)
            ]
        part = self._mover(parts, log_ratio(*prices))
        if part == "released":
            return self._capability(line, month, (link,), "more capable lines cost more to serve")
        if part == "frontier":
            leader = int(np.argmax(self.other.series["released"][month]))
            return self._capability(leader, month, (link,), "the frontier, against which serving gets cheaper")
        before = max(month - 1, 0)
        if part == "experience":
            step = linked(
                before, f"experience of {name}", [float(each.experience[line]) for each in sights], "sector-years"
            )
            return self._use((link, step), line, month)
        if part == "markup":
            step = self._link(month, f"markup of {name}", "", "markup", line)
            leak = self._policy_or_none((link, step), ("subsidy_leak",), month, {"region": self.homes[line]})
            return leak or self._use((link, step), line, month)
        step = linked(before, f"load of {name}'s servers", [float(each.load[line]) for each in sights], "")
        return self._loaded(line, before, (link, step))

    def _loaded(self, line: int, month: int, links: tuple[Link, ...]) -> _Step:
        """Load <- more use, or less compute to serve with."""
        compute = [
            math.log(max(float(trace.sights[month].lab_compute[line]), 1e-300)) for trace in (self.base, self.other)
        ]
        load = [math.log(max(link, 1e-300)) for link in (links[-1].base, links[-1].other)]
        if abs(compute[1] - compute[0]) > abs(load[1] - load[0]) / 2:
            return self._training(line, month, links)
        return self._use(links, line, month)

    # -- what other adopters do ----------------------------------------------------------------------------------

    def _peers(self, adopter: int, line: int, month: int) -> _Step:
        """Peers on a line <- those of them who parted."""
        seen = [world.seen(adopter, month) for world in self.pair.worlds]
        counts = [int((each == line).sum()) for each in seen]
        who = self.pair.worlds[0].peers(adopter)[seen[0] != seen[1]]
        before = {int(each) for each in who if 0 <= self.pair.first[each] < month}
        parted = sorted(before, key=lambda each: (int(self.pair.first[each]), each))
        named = ", ".join(f"{each} in {month_label(int(self.pair.first[each]))}" for each in parted[:3])
        more = f" and {len(parted) - 3} more" if len(parted) > 3 else ""
        link = Link(
            month,
            f"peers of adopter {adopter} on {self.lines[line]}",
            counts[0],
            counts[1],
            "of 8",
            f"adopter {named}{more} parted" if parted else "",
        )
        if not parted:  # what is seen of them differs, or what it weighs
            return self._assumption((link,), month, "peer weight")
        return _Step((link,), adopter=parted[0])

    def _ecosystem(self, line: int, month: int) -> _Step:
        sights = self.base.sights[month], self.other.sights[month]
        values = [float(sight.ecosystem[line]) for sight in sights]
        link = linked(month, f"ecosystem of {self.lines[line]}", values, "share")
        return self._use((link,), line, month, kind="startup")

    def _awareness(self, line: int, region: int, month: int) -> _Step:
        """Who knows a line <- news, a release, or word of mouth."""
        name = self.lines[line]
        link = self._link(month, f"adopters in {REGIONS[region]} who know {name}", "share", "awareness", line, region)
        told = self._policy_or_none((link,), ("news",), month, {"region": region, "line": line})
        if told is not None:
            return told
        out = [self._released_in(trace, line, month) for trace in (self.base, self.other)]
        if out[0] != out[1]:
            dates = Link(max(out), f"newest release of {name}", out[0], out[1], "month")
            policy = self._policy_or_none((link, dates), RELEASES, month, {"line": line})
            if policy is not None:
                return policy
        return self._use((link,), line, month, region=region, note="by word of mouth")

    def _openness(self, line: int, month: int) -> _Step:
        link = self._link(month, f"open weights of {self.lines[line]}", "", "openness", line)
        ruled = self._policy_or_none((link,), OPENING, month, {"line": line})
        return ruled or self._capability(line, month, (link,), "a lab near the frontier may close")

    def _adoption(self, parting: Divergence, peers: bool) -> _Step:
        """A first look at AI <- peers, or everybody, who use it."""
        a, b = parting.occasions
        part, words = ("peers", "peers who use AI") if peers else ("world", "adopters who use AI")
        link = Link(parting.month, f"{words} (adopter {parting.adopter})", a.parts[part], b.parts[part], "share")
        if not peers:
            return self._use((link,), None, parting.month)
        worlds, mine = self.pair.worlds, self.pair.worlds[0].peers(parting.adopter)
        differ = [
            int(each) for each in mine if len({world.before(int(each), parting.month)[0] < 0 for world in worlds}) == 2
        ]
        return self._earliest((link,), differ, parting.month)

    def _use(
        self,
        links: tuple[Link, ...],
        line: int | None,
        month: int,
        *,
        kind: str | None = None,
        region: int | None = None,
        sector: int | None = None,
        note: str = "",
    ) -> _Step:
        """What others use <- the first of them who parted, of those who are meant if any of them did."""
        parted = [each for each in self.pair.parted if self.pair.first[each] < month]
        cell = self.base.cell
        meant = [
            each
            for each in parted
            if (kind is None or TYPES[cell_type[cell[each]]] == kind)
            and (region is None or cell_region[cell[each]] == region)
            and (sector is None or self.pair.worlds[0].where(each)[2] == sector)
            and (line is None or self._ever_used(each, line, month))
        ]
        return self._earliest(links, meant or parted, month, note)

    def _ever_used(self, adopter: int, line: int, month: int) -> bool:
        slots = (self.base.primary, self.base.secondary, self.other.primary, self.other.secondary)
        return any((slot[:month, adopter] // N_MODES == line).any() for slot in slots)

    def _earliest(self, links: tuple[Link, ...], who: Sequence[int], month: int, note: str = "") -> _Step:
        before = [each for each in who if 0 <= self.pair.first[each] < month]
        if not before:
            return self._end(links, month)
        first = min(before, key=lambda each: (int(self.pair.first[each]), each))
        when = int(self.pair.first[first])
        parting = self.pair.parting(first)
        assert parting is not None
        region, sector, kind = self.base.place(first)
        words = f"adopter {first} ({kind}, {sector}, {region}) parts first of {len(before)}"
        step = Link(when, words, parting.options[0], parting.options[1], "option", note)
        named = Link(step.month, step.what, step.base, step.other, f"option:{','.join(self.lines)}", step.note)
        return _Step((*links, named), adopter=first)

    # -- the ends ------------------------------------------------------------------------------------------------

    def _own_taste(self, adopter: int) -> bool:
        a, b = (trace.world.population for trace in (self.base, self.other))
        return any(
            getattr(a, name)[0, adopter] != getattr(b, name)[0, adopter] for name in ("quality", "cost", "own_hosting")
        )

    def _own_taste_step(self, parting: Divergence) -> _Step:
        who, term = parting.adopter, parting.source[0]
        name = {"quality": "quality", "cost": "cost"}[term]
        values = [float(getattr(trace.world.population, name)[0, who]) for trace in (self.base, self.other)]
        link = linked(
            0, f"taste of adopter {who} for {'coverage' if term == 'quality' else 'log cost'}", values, "utils"
        )
        if self.assumptions:
            return self._assumption((link,), 0, link.what)
        return _Step((link,), Root("adopter", f"adopter {who}, whose own traits differ", (str(who),), 0))

    def _policy(self, links: tuple[Link, ...], levers: Sequence[str], month: int, at: dict[str, int]) -> _Step:
        found = self._policy_or_none(links, levers, month, at)
        return found or (
            self._end(links, month) if links else self._assumption(links, month, LEVERS[levers[0]].meaning)
        )

    def _policy_or_none(
        self, links: tuple[Link, ...], levers: Sequence[str], month: int, at: dict[str, int]
    ) -> _Step | None:
        """The first of some levers that differs by a month, at a place (axis -> number) as far as it has the axis."""
        best: tuple[int, str, tuple[int, ...]] | None = None
        for name in levers:
            since = self._first_pull(name)[tuple(at.get(axis, slice(None)) for axis in LEVERS[name].axes)]
            if (since <= month).any() and (best is None or since.min() < best[0]):
                best = int(since.min()), name, ()
        if best is None:
            return None
        when, name, _ = best
        a, b = (np.asarray(getattr(trace.sights[when].lever, name)) for trace in (self.base, self.other))
        place = [
            np.arange(size) == at[axis] if axis in at else np.ones(size, bool)
            for axis, size in zip(LEVERS[name].axes, a.shape, strict=True)
        ]
        with np.errstate(invalid="ignore"):
            gap = np.where(np.isfinite(a) & np.isfinite(b), np.abs(b - a), np.where(a != b, np.inf, 0.0))
        inside = np.logical_and.reduce(np.meshgrid(*place, indexing="ij")) if place else np.ones_like(gap, bool)
        spot = np.unravel_index(np.where(inside, gap, -1.0).argmax(), gap.shape)
        labels = axis_labels(tuple(self.lines))
        where = ", ".join(labels[axis][int(number)] for axis, number in zip(LEVERS[name].axes, spot, strict=True))
        ids = self._pullers(name, month)
        link = Link(
            when,
            f"policy, {name.replace('_', ' ')} ({where})",
            float(a[spot]),
            float(b[spot]),
            LEVERS[name].unit,
            LEVERS[name].meaning,
        )
        if not ids:
            # a government that reacts by the same rule in both worlds answers to something that differs
            named = tuple(each for each in LEVERS if self._pullers(each, when))
            behind = self._policy_or_none((*links, link), named, when, {}) if named else None
            if behind is not None:
                return behind
        said = self._said(ids) or f"the lever {name.replace('_', ' ')}, pulled by no entry that differs"
        return _Step((*links, link), Root("policy", said, ids, when))

    def _first_pull(self, name: str) -> Array:
        """First month in which a lever differs, over its axes; beyond the end where it never does."""
        if name not in self._since:
            paths = [
                np.stack([getattr(sight.lever, name) for sight in trace.sights[: self.pair.months]])
                for trace in (self.base, self.other)
            ]
            differ = paths[0] != paths[1]
            self._since[name] = np.where(differ.any(axis=0), differ.argmax(axis=0), self.pair.months)
        return self._since[name]

    def _pullers(self, lever: str, month: int) -> tuple[str, ...]:
        """Ids of the policies and events that pull a lever by a month and are not the same in both scenarios."""
        both = [entries(trace.scenario) for trace in (self.base, self.other)]
        names = {name for each in both for name in each}
        differ = [name for name in names if both[0].get(name) != both[1].get(name)]
        months = self.pair.months
        return tuple(
            sorted(
                name
                for name in differ
                if any(
                    lever in levers_of(each[name], trace.scenario, months) and known_from(each[name]) <= month
                    for each, trace in zip(both, (self.base, self.other), strict=True)
                    if name in each
                )
            )
        )

    def _said(self, names: Sequence[str]) -> str:
        """``chip-control-2024 (only in baseline)``; several of them with commas."""
        both = [entries(trace.scenario) for trace in (self.base, self.other)]
        only = {
            f"only in {trace.scenario.name}": [name for name in names if name in mine and name not in theirs]
            for trace, mine, theirs in zip((self.base, self.other), both, both[::-1], strict=True)
        }
        only["not the same in both"] = [name for name in names if all(name in each for each in both)]
        return "; ".join(f"{', '.join(found)} ({where})" for where, found in only.items() if found)

    def _end(self, links: tuple[Link, ...], month: int) -> _Step:
        """Where use moved before anybody parted: in amounts, which the first lever that differs must have moved."""
        found = self._policy_or_none(links, tuple(LEVERS), month, {})
        return found or self._assumption(links, month, links[-1].what)

    def _assumption(self, links: tuple[Link, ...], month: int, what: str) -> _Step:
        """The end where no policy differs: assumptions that do, if any; else the file does not tell."""
        if self.assumptions:
            named = ", ".join(self.assumptions[:3]) + (" ..." if len(self.assumptions) > 3 else "")
            return _Step(links, Root("assumption", f"assumptions that differ: {named}", self.assumptions, 0))
        return _Step(links, Root("unknown", f"no entry of the scenarios explains {what}", (), month))

    # -- reading both worlds -------------------------------------------------------------------------------------

    def _both(self, name: str, month: int, *at: int) -> list[float]:
        return [float(trace.series[name][(month, *at)]) for trace in (self.base, self.other)]

    def _gap(self, name: str, month: int, *at: int) -> float:
        a, b = self._both(name, month, *at)
        return b - a

    def _link(self, month: int, what: str, unit: str, name: str, *at: int, note: str = "") -> Link:
        a, b = self._both(name, month, *at)
        return Link(month, what, a, b, unit, note)

    @staticmethod
    def _mover(parts: dict[str, list[float]], moved: float) -> str:
        """The part that moved most in the direction in which the whole did."""
        sign = math.copysign(1.0, moved)
        return max(parts, key=lambda name: sign * (parts[name][1] - parts[name][0]))

    @staticmethod
    def _released_in(trace: Trace, line: int, month: int) -> int:
        """Month of the newest release of a line; 0 before its first."""
        months = np.flatnonzero(trace.series["release"][: month + 1, line] > 0)
        return int(months[-1]) if months.size else 0
