"""From the term that tipped an adopter back to the first cause: the policy, event or assumption that differs.

Each step asks which input moved a quantity most, and reads that input in both worlds: price <- serving cost, markup,
congestion; quality <- capability, data, the frontier; capability <- compute, algorithms, borrowing; peers <- peers who
parted earlier. Where a step ends at what other adopters use, the first of them who parted is followed to its own cause.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from sim.basics.axes import API, N_MODES, REGIONS, SECTORS, month_label
from sim.experiments.explain.causal_chain import (
    Chain,
    Link,
    Root,
    entries,
    known_from,
    levers_of,
    log_of,
    log_ratio,
)
from sim.experiments.explain.divergence import Array, Divergence, Pair
from sim.model.levers import LEVERS, axis_labels
from sim.model.rules.worth import TERMS
from sim.scenario.changes import differing_assumptions

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
"""Terms and reasons that policy moves directly -> the levers by which it does; a term may also name its lever."""

LONGEST = 24
"""Most links of a chain, as a guard: each step goes back in time or up from use to supply, so chains stay shorter."""

End = Root | int
"""Where a step ends: at a root, or at another adopter, who parted earlier and whose own cause is followed next."""


class CauseTracer:
    """Follows divergences of adopters to their causes; every adopter is followed once.

    Each step adds a link to the chain (`_tell`) and goes on to the input that moved most, until it comes to an `End`.
    """

    def __init__(self, pair: Pair):
        self.pair = pair
        self.worlds = self.base, self.other = pair.base, pair.other
        self.lines = list(pair.base.scenario.roster)
        self.homes = [REGIONS.index(line.region) for line in pair.base.scenario.roster.values()]
        self.entries = [entries(trace.scenario) for trace in self.worlds]
        self.assumptions = differing_assumptions(self.base.scenario, self.other.scenario)
        self._links: list[Link] = []
        self._chains: dict[int, Chain] = {}
        self._since: dict[str, Array] = {}

    def chain(self, adopter: int) -> Chain | None:
        """The chain of an adopter's first divergence; None if it makes the same choices in both worlds."""
        # a list rather than recursion: a chain of peers may be longer than the stack
        path: list[tuple[Divergence, list[Link], End]] = []
        end: End = adopter
        while not isinstance(end, Root) and end not in self._chains:
            divergence = self.pair.divergence(end)
            if divergence is None:
                return None
            self._links = []
            end = self._first_step(divergence)
            path.append((divergence, self._links, end))
        for divergence, links, end in reversed(path):
            rest, root = ((), end) if isinstance(end, Root) else (self._chains[end].links, self._chains[end].root)
            self._chains[divergence.adopter] = Chain(divergence, (*links, *rest)[:LONGEST], root)
        return self._chains[adopter]

    # -- the first step ------------------------------------------------------------------------------------------

    def _first_step(self, divergence: Divergence) -> End:
        """The cause of a divergence: a policy that moved the term itself, else what lies behind the term."""
        (term, line), month, who = divergence.source, divergence.month, divergence.adopter
        _, region, sector, kind = self.pair.worlds[0].where(who)
        levers = (TERMS[term].lever,) if term in TERMS and TERMS[term].lever else DIRECT.get(term)
        if levers:
            at = {"region": region, "sector": sector, "type": kind}
            if line >= 0:
                at |= {"line": line, "origin": self.homes[line]}
            return self._policy(levers, month, at) or self._assumption(month, LEVERS[levers[0]].meaning)
        taste = self._own_taste(divergence) if term in ("quality", "cost") else None
        if taste is not None:
            return taste
        steps: dict[str, Callable[[], End]] = {
            "quality": lambda: self._quality(line, sector, month),
            "cost": lambda: self._price(line, self._mode(divergence, line), region, month),
            "peers": lambda: self._peers(who, line, month),
            "ecosystem": lambda: self._ecosystem(line, month),
            "awareness": lambda: self._awareness(line, region, month),
            "openness": lambda: self._openness(line, month),
            "peer_adoption": lambda: self._peer_adoption(divergence),
            "world_adoption": lambda: self._world_adoption(divergence),
        }
        return steps[term]() if term in steps else self._assumption(month, term.replace("_", " "))

    def _mode(self, divergence: Divergence, line: int) -> int:
        """The mode in which the adopter uses a line in either world; the API if it uses the line in neither."""
        used = (option for option in divergence.options if option >= 0 and option // N_MODES == line)
        return next(used, API) % N_MODES

    def _own_taste(self, divergence: Divergence) -> Root | None:
        """The adopter's own taste, where its traits are not the same in both worlds."""
        who, term = divergence.adopter, divergence.source[0]
        populations = [trace.world.population for trace in self.worlds]
        if (
            len({(traits.quality[0, who], traits.cost[0, who], traits.own_hosting[0, who]) for traits in populations})
            == 1
        ):
            return None
        what = f"taste of adopter {who} for {'coverage' if term == 'quality' else 'log cost'}"
        self._tell(0, what, [float(getattr(traits, term)[0, who]) for traits in populations], "utils")
        if self.assumptions:
            return self._assumption(0, what)
        return Root("adopter", f"adopter {who}, whose own traits differ", (str(who),), 0)

    # -- what adopters see ---------------------------------------------------------------------------------------

    def _quality(self, line: int, sector: int, month: int) -> End:
        """Coverage <- capability in the sector, or the frontier that makes tasks harder."""
        name, where = self.lines[line], SECTORS[sector]
        covered = self._both("coverage", month, line, sector)
        self._tell(month, f"tasks of {where} that {name} covers", covered, "share")
        own = _gap(self._both("sector_capability", month, line, sector))
        width = self.base.scenario.parameters.technology.task_width
        frontier = width * _gap([_log_odds(share) for share in covered]) - own
        if abs(frontier) > abs(own):
            return self._frontier(month, "the frontier, which raises what tasks demand")
        return self._sector_capability(line, sector, month)

    def _frontier(self, month: int, note: str) -> End:
        return self._capability(int(np.argmax(self.other.series["released"][month])), month, note)

    def _sector_capability(self, line: int, sector: int, month: int) -> End:
        """Capability in a sector <- general capability, or what data add, at the newest release."""
        weights = [
            getattr(trace.scenario.parameters.sectors, SECTORS[sector]).capability_weight for trace in self.worlds
        ]
        released, whole = self._both("released", month, line), self._both("sector_capability", month, line, sector)
        general = [weight * value for weight, value in zip(weights, released, strict=True)]
        added = [value - part for value, part in zip(whole, general, strict=True)]
        if abs(_gap(added)) <= abs(_gap(general)):
            return self._capability(line, month)
        newest = max(self._newest(line, month))
        self._tell(newest, f"what data add to {self.lines[line]} in {SECTORS[sector]}", added, "nats")
        return self._data(line, sector, newest)

    def _capability(self, line: int, month: int, note: str = "") -> End:
        """Released capability <- compute, algorithms, borrowing or community, as they stood at the release."""
        name, home, released = self.lines[line], self.homes[line], self._both("released", month, line)
        self._tell(month, f"released capability of {name}", released, "nats", note)
        when = self._newest(line, month)
        at = max(when)
        policy = self._release(line, when, at)
        if policy is not None:
            return policy
        base = int(self.other.series["base"][when[1], line])
        if base != line and len(self._links) < LONGEST:  # built on another's weights
            return self._capability(base, at, f"{name} is built on it")
        parts = {
            part: [
                float(getattr(trace.sights[then], part)[line]) for trace, then in zip(self.worlds, when, strict=True)
            ]
            for part in ("training", "algorithmic", "borrowed", "community")
        }
        parts["training"] = [log_of(compute) for compute in parts["training"]]
        part = _largest_mover(parts, _gap(released))
        if part == "training":
            return self._training(line, at)
        words = {
            "algorithmic": f"algorithms of {name}",
            "borrowed": f"capability that {name} borrows from others",
            "community": f"what derivatives add to {name}",
        }
        self._tell(at, words[part], parts[part], "nats")
        if part == "borrowed":
            return self._policy(("access_restriction",), at, {"line": line}) or self._leaders(line, at)
        if part == "community":
            return self._use(line, at, kind="startup")
        scarcity = self._both("scarcity", at, home)
        if _gap(scarcity):
            self._tell(at, f"chip scarcity in {REGIONS[home]}", scarcity, "share")
            return self._policy(CHIPS, at, {"region": home}) or self._end(at)
        return self._leaders(line, at)

    def _leaders(self, line: int, month: int) -> End:
        """Borrowing and spillover <- compute of the line ahead that moved most, or of the line itself if none moved."""
        before = max(month - 1, 0)
        moved = np.abs(self.other.series["capability"][before] - self.base.series["capability"][before])
        ahead = self.other.series["released"][month] > self.other.series["released"][month, line]
        moved = np.where(ahead, moved, 0.0)
        return self._training(int(moved.argmax()) if moved.max() > 0 else line, before)

    def _training(self, line: int, month: int) -> End:
        """Training compute <- public grants, the region's compute, or the lab's part of it."""
        name, home, training = self.lines[line], self.homes[line], self._both("training_compute", month, line)
        self._tell(month, f"training compute of {name}", training, "H100e")
        compute = self._both("compute", month, home)
        lab = self._seen("lab_compute", month, line)
        share = [own / max(whole, 1e-300) for own, whole in zip(lab, compute, strict=True)]
        by_region, by_share = abs(log_ratio(*compute)), abs(log_ratio(*share))
        # grants to the lab are no part of the region's compute
        neither = max(by_region, by_share) <= abs(log_ratio(*training)) / 2
        grant = self._policy(("compute_grant",), month, {"line": line}) if neither else None
        if grant is not None:
            return grant
        if by_share <= by_region:
            return self._region(home, month)
        self._tell(month, f"part of {REGIONS[home]}'s compute that {name} has", share, "share")
        return self._policy(("compute_factor",), month, {"line": line}) or self._use(
            None, month, note="through revenue"
        )

    def _region(self, region: int, month: int) -> End:
        """A region's usable compute <- chips or power."""
        name, at = REGIONS[region], {"region": region}
        self._tell(month, f"usable compute of {name}", self._both("compute", month, region), "H100e")
        chips = {kind: self._both(f"chips_{kind}", month, region) for kind in ("frontier", "domestic")}
        owned = [sum(both) for both in zip(*chips.values(), strict=True)]
        powered = self._both("powered", month, region)
        if abs(log_ratio(*powered)) > abs(log_ratio(*owned)):
            self._tell(month, f"chips in {name} that have power", powered, "share")
            power = self._policy(("grid_power", "grid_growth"), month, at)
            if power is not None:
                return power
        kind = max(chips, key=lambda stock: abs(_gap(chips[stock])))
        self._tell(month, f"{kind} chips in {name}", chips[kind], "H100e")
        control = self._policy(CHIPS, month, at)
        if control is not None:
            return control
        self._tell(month, f"AI capital expenditure of {name}", self._both("capex", month, region), "$B/month")
        return self._use(None, month, note="through revenue")

    def _data(self, line: int, sector: int, month: int) -> End:
        """What data add <- a mandate, a limit on telemetry, or more use."""
        home = self.homes[line]
        own, pool = self._both("data", month, line, sector), self._both("data_pool", month, home, sector)
        pooled = abs(_gap(pool)) >= abs(_gap(own))
        what = f"data pool of {REGIONS[home]}" if pooled else f"data of {self.lines[line]}"
        self._tell(month, f"{what} in {SECTORS[sector]}", pool if pooled else own, "sector-years")
        return self._policy(DATA, month, {}) or self._use(line, month, sector=SECTORS[sector])

    def _price(self, line: int, mode: int, region: int, month: int) -> End:
        """Price on the market <- serving cost, markup or congestion."""
        name, before = self.lines[line], max(month - 1, 0)
        prices = self._seen("price", month, region, line, mode)
        self._tell(month, f"price of {name}", prices, "$/Mtoken")
        experience, load = self._seen("experience", month, line), self._seen("load", month, line)
        specs = [trace.scenario.parameters.prices for trace in self.worlds]
        released, markup = self._both("released", month, line), self._both("markup", month, line)
        frontier = [float(trace.series["released"][month].max()) for trace in self.worlds]
        parts = {
            "released": [spec.cost_slope * value for spec, value in zip(specs, released, strict=True)],
            "frontier": [-spec.cost_slope * value for spec, value in zip(specs, frontier, strict=True)],
            "experience": [
                -spec.experience_exponent * math.log(value) for spec, value in zip(specs, experience, strict=True)
            ],
        }
        if mode == API:
            parts["markup"] = [math.log(value) for value in markup]
            parts["load"] = [
                math.log1p(spec.congestion * max(value - 1, 0.0)) for spec, value in zip(specs, load, strict=True)
            ]
        part = _largest_mover(parts, log_ratio(*prices))
        if part == "released":
            return self._capability(line, month, "more capable lines cost more to serve")
        if part == "frontier":
            return self._frontier(month, "the frontier, against which serving gets cheaper")
        if part == "experience":
            self._tell(before, f"experience of {name}", experience, "sector-years")
            return self._use(line, month)
        if part == "markup":
            self._tell(month, f"markup of {name}", markup)
            return self._policy(("subsidy_leak",), month, {"region": self.homes[line]}) or self._use(line, month)
        self._tell(before, f"load of {name}'s servers", load)
        # load rises with more use, or with less compute to serve it
        served = log_ratio(*self._seen("lab_compute", before, line))
        return self._training(line, before) if abs(served) > abs(log_ratio(*load)) / 2 else self._use(line, before)

    # -- what other adopters do ----------------------------------------------------------------------------------

    def _peers(self, adopter: int, line: int, month: int) -> End:
        """Peers on a line <- those of them who parted."""
        lines_of_peers = [world.seen(adopter, month) for world in self.pair.worlds]
        who = np.unique(self.pair.worlds[0].peers(adopter)[lines_of_peers[0] != lines_of_peers[1]])
        parted = self.pair.parted_before(who, month)
        named = ", ".join(f"{peer} in {month_label(int(self.pair.first[peer]))}" for peer in parted[:3])
        more = f" and {len(parted) - 3} more" if len(parted) > 3 else ""
        counts = [int((lines == line).sum()) for lines in lines_of_peers]
        note = f"adopter {named}{more} parted" if parted else ""
        self._tell(month, f"peers of adopter {adopter} on {self.lines[line]}", counts, "of 8", note)
        # where no peer parted, the worlds differ in how peers are observed or in their weight
        return parted[0] if parted else self._assumption(month, "peer weight")

    def _ecosystem(self, line: int, month: int) -> End:
        self._tell(month, f"ecosystem of {self.lines[line]}", self._seen("ecosystem", month, line), "share")
        return self._use(line, month, kind="startup")

    def _awareness(self, line: int, region: int, month: int) -> End:
        """Who knows a line <- news, a release, or word of mouth."""
        what = f"adopters in {REGIONS[region]} who know {self.lines[line]}"
        self._tell(month, what, self._both("awareness", month, line, region), "share")
        return (
            self._policy(("news",), month, {"region": region, "line": line})
            or self._release(line, self._newest(line, month), month)
            or self._use(line, month, region=REGIONS[region], note="by word of mouth")
        )

    def _openness(self, line: int, month: int) -> End:
        self._tell(month, f"open weights of {self.lines[line]}", self._both("openness", month, line))
        ruled = self._policy(OPENING, month, {"line": line})
        return ruled or self._capability(line, month, "a lab near the frontier may close")

    def _peer_adoption(self, divergence: Divergence) -> End:
        """A first look at AI <- peers who use it."""
        month, worlds = divergence.month, self.pair.worlds
        shares = [occasion.parts["peers"] for occasion in divergence.occasions]
        self._tell(month, f"peers who use AI (adopter {divergence.adopter})", shares, "share")
        peers = worlds[0].peers(divergence.adopter).tolist()
        differ = [peer for peer in peers if len({world.before(peer, month)[0] < 0 for world in worlds}) == 2]
        return self._earliest(self.pair.parted_before(differ, month), month)

    def _world_adoption(self, divergence: Divergence) -> End:
        """A first look at AI <- everybody who uses it."""
        shares = [occasion.parts["world"] for occasion in divergence.occasions]
        self._tell(divergence.month, f"adopters who use AI (adopter {divergence.adopter})", shares, "share")
        return self._use(None, divergence.month)

    def _use(
        self,
        line: int | None,
        month: int,
        *,
        region: str | None = None,
        sector: str | None = None,
        kind: str | None = None,
        note: str = "",
    ) -> End:
        """What others use <- the first adopter who parted; of those with the line and place, if any of them did."""
        parted = self.pair.parted_before(self.pair.parted, month)
        place = (region, sector, kind)
        concerned = [
            adopter
            for adopter in parted
            if all(wanted in (None, own) for wanted, own in zip(place, self.base.place(adopter), strict=True))
            and (line is None or self._ever_used(adopter, line, month))
        ]
        return self._earliest(concerned or parted, month, note)

    def _ever_used(self, adopter: int, line: int, month: int) -> bool:
        slots = (slot for trace in self.worlds for slot in (trace.primary, trace.secondary))
        return any((slot[:month, adopter] // N_MODES == line).any() for slot in slots)

    def _earliest(self, parted: Sequence[int], month: int, note: str = "") -> End:
        """The first of some adopters, sorted by the month in which they parted; the end where there are none."""
        if not parted:
            return self._end(month)
        divergence = self.pair.divergence(parted[0])
        assert divergence is not None
        region, sector, kind = self.base.place(divergence.adopter)
        what = f"adopter {divergence.adopter} ({kind}, {sector}, {region}) parts first of {len(parted)}"
        self._tell(divergence.month, what, divergence.options, f"option:{','.join(self.lines)}", note)
        return divergence.adopter

    # -- the ends ------------------------------------------------------------------------------------------------

    def _release(self, line: int, when: Sequence[int], month: int) -> Root | None:
        """A policy, by a month, that moved the newest release of a line, where the worlds have it in other months."""
        if when[0] == when[1]:
            return None
        self._tell(max(when), f"newest release of {self.lines[line]}", when, "month")
        policy = self._policy(RELEASES, month, {"line": line})
        if policy is None:
            self._links.pop()  # the months of releases are a link only where a policy moved them
        return policy

    def _policy(self, levers: Sequence[str], month: int, at: dict[str, int]) -> Root | None:
        """The policy behind the first of some levers that differs up to a month; None if none does.

        ``at`` maps axes to numbers; levers are compared there, and everywhere on the axes that it does not name.
        """
        since = {
            name: self._first_pull(name)[tuple(at.get(axis, slice(None)) for axis in LEVERS[name].axes)].min()
            for name in levers
        }
        name = min(since, key=since.__getitem__, default="")
        if not name or since[name] > month:
            return None
        when, lever, words = int(since[name]), LEVERS[name], name.replace("_", " ")
        a, b = (np.asarray(getattr(trace.sights[when].lever, name)) for trace in self.worlds)
        window = tuple(slice(at[axis], at[axis] + 1) if axis in at else slice(None) for axis in lever.axes)
        # a change from or to infinity is infinite
        with np.errstate(invalid="ignore"):
            gap = np.where(np.isfinite(a) & np.isfinite(b), np.abs(b - a), np.where(a != b, np.inf, 0.0))[window]
        largest = np.unravel_index(gap.argmax(), gap.shape)
        place = tuple(at.get(axis, int(number)) for axis, number in zip(lever.axes, largest, strict=True))
        labels = axis_labels(tuple(self.lines))
        where = ", ".join(labels[axis][number] for axis, number in zip(lever.axes, place, strict=True))
        both = float(a[place]), float(b[place])
        self._tell(when, f"policy, {words} ({where})", both, lever.unit, lever.meaning)
        ids = self._pullers(name, month)
        if not ids:
            # a government that reacts by the same rule in both worlds reacts to another policy that differs
            cause = self._policy([pulled for pulled in LEVERS if self._pullers(pulled, when)], when, {})
            if cause is not None:
                return cause
        said = self._said(ids) or f"the lever {words}, pulled by no entry that differs"
        return Root("policy", said, ids, when)

    def _first_pull(self, name: str) -> Array:
        """First month in which a lever differs, over its axes; beyond the end where it never does."""
        if name not in self._since:
            paths = [
                np.stack([getattr(sight.lever, name) for sight in trace.sights[: self.pair.months]])
                for trace in self.worlds
            ]
            differ = paths[0] != paths[1]
            self._since[name] = np.where(differ.any(axis=0), differ.argmax(axis=0), self.pair.months)
        return self._since[name]

    def _pullers(self, lever: str, month: int) -> tuple[str, ...]:
        """Ids of the policies and events that pull a lever by a month and are not the same in both scenarios."""
        ids = {
            name
            for mine, theirs, trace in zip(self.entries, self.entries[::-1], self.worlds, strict=True)
            for name, entry in mine.items()
            if entry != theirs.get(name)
            and known_from(entry) <= month
            and lever in levers_of(entry, trace.scenario, self.pair.months)
        }
        return tuple(sorted(ids))

    def _said(self, names: Sequence[str]) -> str:
        """``chip-control-2024 (only in baseline)``; several of them with commas."""
        only = {
            f"only in {trace.scenario.name}": [name for name in names if name in mine and name not in theirs]
            for trace, mine, theirs in zip(self.worlds, self.entries, self.entries[::-1], strict=True)
        }
        only["not the same in both"] = [name for name in names if all(name in known for known in self.entries)]
        return "; ".join(f"{', '.join(ids)} ({where})" for where, ids in only.items() if ids)

    def _end(self, month: int) -> Root:
        """The first lever that differs: where nobody has parted, adopters can only differ in how much they use."""
        what = self._links[-1].what
        return self._policy(tuple(LEVERS), month, {}) or self._assumption(month, what)

    def _assumption(self, month: int, what: str) -> Root:
        """The end where no policy differs: the assumptions that differ; unknown if none do."""
        if self.assumptions:
            named = ", ".join(self.assumptions[:3]) + (" ..." if len(self.assumptions) > 3 else "")
            return Root("assumption", f"assumptions that differ: {named}", self.assumptions, 0)
        return Root("unknown", f"no entry of the scenarios explains {what}", (), month)

    # -- reading and telling both worlds -------------------------------------------------------------------------

    def _tell(self, month: int, what: str, both: Sequence[float], unit: str = "", note: str = "") -> None:
        """Add a link to the chain, with its values in the base and in the other world."""
        base, other = both
        self._links.append(Link(month, what, base, other, unit, note))

    def _both(self, name: str, month: int, *at: int) -> list[float]:
        """An observable as the month ended, in both worlds."""
        return [float(trace.series[name][(month, *at)]) for trace in self.worlds]

    def _seen(self, name: str, month: int, *at: int) -> list[float]:
        """What adopters observe in the month, in both worlds; a field of `Sight`."""
        return [float(getattr(trace.sights[month], name)[at]) for trace in self.worlds]

    def _newest(self, line: int, month: int) -> list[int]:
        """Months of the newest release of a line in both worlds; 0 before its first."""
        released = (np.flatnonzero(trace.series["release"][: month + 1, line] > 0) for trace in self.worlds)
        return [int(months[-1]) if months.size else 0 for months in released]


def _gap(both: Sequence[float]) -> float:
    """Value in the other world less that in the base."""
    return both[1] - both[0]


def _log_odds(share: float) -> float:
    return math.log(share) - math.log1p(-share) if 0 < share < 1 else 0.0


def _largest_mover(parts: dict[str, list[float]], moved: float) -> str:
    """The part that moved most in the direction in which the sum moved."""
    sign = math.copysign(1.0, moved)
    return max(parts, key=lambda name: sign * _gap(parts[name]))
