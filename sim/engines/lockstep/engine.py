"""The default engine: a batch of runs advances together, one month at a time.

Macro quantities (compute, capability, price, awareness, stocks) are NumPy expressions over a leading ``run`` axis. The
decisions of adopters, which take most of the time, are one compiled kernel over (run, block of adopters).
`Lockstep.advance` is the schedule of a month. Each of its steps is a method, and each equation is a function of
`sim.model.rules`.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from sim.basics.axes import API, N_MODES, PHYSICAL_SECTORS, REGIONS, SECTORS, SELF_HOSTED, group_number
from sim.basics.equations import Array
from sim.basics.errors import RunError
from sim.basics.machine import most_threads
from sim.basics.streams import normals, uniforms
from sim.engines import cells
from sim.engines.lockstep.adopters import Deciders
from sim.engines.lockstep.kernels.month import compiled
from sim.engines.lockstep.month_levers import MonthLevers
from sim.engines.lockstep.reactions import Reactions, value_of_month
from sim.engines.lockstep.usage_sums import UsageSums, collected_data, sum_usage
from sim.engines.loop_switches import Switches
from sim.engines.month import Month, Users
from sim.engines.recording import Part, Recorder, joined
from sim.engines.world import Job, World, build, cell_region, cell_sector, cell_type
from sim.model.agents.adopter_types import TYPES
from sim.model.agents.government import WATCHED
from sim.model.environment.prices import MARKUP_RULES
from sim.model.rules import adoption, capability, choice, compute, ecosystem, exposure, lenses, price, reaction, usage
from sim.model.rules.worth import TERMS, Setting

__all__ = ["Lockstep", "compiled", "simulate"]

NOTHING = np.zeros((1, 1, 1, 1))
"""No public money, or no bans, by (run, cell, line, mode): broadcasts to any shape."""
ROWS_RECORDED = 48
"""Run-months that are recorded together. With more, arrays no longer fit the cache and nothing is gained."""
ADOPTERS_PER_THREAD = 20_000
"""Over all runs of a batch. With fewer, what a thread saves in the kernel is less than its own macro steps cost."""


def simulate(
    jobs: Sequence[Job],
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    trace: bool = False,
    keep: Collection[str] | None = None,
) -> dict[str, Array]:
    """Simulate runs of equal structure together.

    Parameters
    ----------
    jobs : (scenario, replicate number) of each run
    threads : int, optional
        If absent, as many as there are cores, but one for every `ADOPTERS_PER_THREAD` at most. The result does not
        depend on it.
    progress : callable, optional
        Called with the number of run-months just done, from any thread.
    trace : bool
        Also return ``trace_primary`` and ``trace_secondary``, the options of every adopter, (run, month, adopter).
    keep : names of observables, optional
        Record these only, which saves time and memory. The numbers stay the same.

    Returns
    -------
    name of the observable -> (run, month, *dims)
        See `sim.model.observables`. The result of a run does not depend on the other runs of the batch.
    """
    compiled()  # drops a stale cache, once and before any thread could use it
    threads = most_threads(threads) if threads is not None else useful_threads(jobs)
    if threads == 1 or len(jobs) < 2 * threads:
        return joined([_advance(jobs, threads, progress, trace, keep, threading.Event())])
    # Threads over runs first: while one part of the batch is in the kernel, which needs no interpreter lock, the
    # others do their macro steps. Only few runs at once are worth cutting into blocks of adopters.
    bounds = np.linspace(0, len(jobs), threads + 1).astype(int)
    stop = threading.Event()
    with ThreadPoolExecutor(threads) as pool:
        parts = [
            pool.submit(_advance, jobs[low:high], 1, progress, trace, keep, stop)
            for low, high in itertools.pairwise(bounds.tolist())
        ]
        try:
            results = [part.result() for part in parts]
        except BaseException:
            stop.set()  # a Ctrl-C, or one part's failure, ends the others within a month
            raise
    return joined(results)


def useful_threads(jobs: Sequence[Job]) -> int:
    """As many threads as there are cores, but no more than a batch has work for."""
    adopters = sum(scenario.run.adopters for scenario, _ in jobs)
    return max(1, min(os.cpu_count() or 1, adopters // ADOPTERS_PER_THREAD))


def _advance(
    jobs: Sequence[Job],
    threads: int,
    progress: Callable[[int], None] | None,
    trace: bool,
    keep: Collection[str] | None,
    stop: threading.Event,
) -> Part:
    """Build a batch and take it through its months, unless told to stop."""
    engine = Lockstep(build(jobs), threads, trace, keep=keep)
    for month in range(engine.world.months):
        if stop.is_set():
            raise RunError("stopped because another part of the batch could not go on")
        engine.month(month)
        if progress is not None:
            progress(engine.world.runs)
    return engine.world.reactions, engine.recorder.finish()


@dataclass(frozen=True)
class Unchanging:
    """What the steps of a month need and no month changes; worked out once for a batch.

    Attributes
    ----------
    setting : what the terms of a utility read, as (run or 1, cell or 1, line or 1, mode or 1); the parts that months
        change are neutral
    worth_closed, worth_open : (run or 1, cell, option) sum of the standing terms of a utility, of a line that is closed
        and of one that is open [utils]
    capture : (run or 1, cell, mode) part of effective usage that labs capture, before privacy law
    domestic : (1, cell, line) 1 where the line is made in the cell's region
    own : (run, line) each line's own number: the base of work that is not built on others
    review_rate : (run or 1, cell) [1/month]
    data_risk, operational_risk : weights of the exposure indices, (run or 1, sector) and (run or 1, mode)
    lag : (run,) delay of government statistics [months]
    home_share : (region,) part of all lines whose home it is
    """

    setting: Setting
    worth_closed: Array
    worth_open: Array
    capture: Array
    domestic: Array
    own: Array
    review_rate: Array
    data_risk: tuple[Array, Array]
    operational_risk: tuple[Array, Array]
    lag: Array
    home_share: Array

    @classmethod
    def of(cls, w: World) -> Unchanging:
        """What no month of a world changes."""
        e, s, lines, setting = w.exposure, w.sector, len(w.lines), _setting(w)
        physical = np.array([name in PHYSICAL_SECTORS for name in SECTORS])
        return cls(
            setting=setting,
            worth_closed=_standing_worth(setting, lines),
            worth_open=_standing_worth(replace(setting, is_open=True), lines),
            capture=np.stack([w.type.telemetry, w.type.hosted_telemetry, w.type.self_hosted_telemetry], axis=-1)[
                :, cell_type
            ],
            domestic=w.home.T[None, cell_region],
            own=np.broadcast_to(np.arange(lines), (w.runs, lines)),
            review_rate=w.type.review_rate[:, cell_type],
            data_risk=(s.criticality, _by_mode(e.data_api, e.data_hosted, e.data_self_hosted)),
            operational_risk=(
                exposure.operational_weight(criticality=s.criticality, autonomy=s.autonomy, physical=physical),
                _by_mode(e.operational_api, e.operational_hosted, e.operational_self_hosted),
            ),
            lag=np.broadcast_to(w.government.observation_lag[:, 0], w.runs).astype(int),
            home_share=w.home.sum(axis=0) / lines,
        )


def _by_mode(*weights: Array) -> Array:
    """One (run, 1) array for each mode -> (run, mode)."""
    return np.stack(weights, axis=-1)[:, 0]


class Prices(NamedTuple):
    """What options cost this month.

    Attributes
    ----------
    option : (run, region, line, mode) before taxes and subsidies [$/Mtoken]
    paid, log_paid : (run, cell, line, mode) what adopters pay at the mean size of a self-hosting site [$/Mtoken]
    rebate, leaked : (run, cell, line, mode), any of them may be 1: public money per unit used that users get, and
        sellers [$/Mtoken]
    """

    option: Array
    paid: Array
    log_paid: Array
    rebate: Array
    leaked: Array


def _setting(w: World) -> Setting:
    """What the terms of a utility read that no month changes; the rest is neutral: lines are closed, no policy acts."""

    def shaped(group: SimpleNamespace, *at: Any) -> SimpleNamespace:
        return SimpleNamespace(**{name: values[at] for name, values in vars(group).items()})

    every = slice(None)
    return Setting(
        adopter=shaped(w.adopter, every, every, None, None),
        type=shaped(w.type, every, cell_type, None, None),
        line=shaped(w.line, every, None, every, None),
        is_open=False,
        friction=w.friction[:, cell_region][:, :, w.origin],
        added_friction=0.0,
        ecosystem=0.0,
        preference=0.0,
    )


def _standing_worth(setting: Setting, lines: int) -> Array:
    """Sum of the standing terms of a utility, (run or 1, cell, option) [utils]."""
    parts = [term.shared(setting) for term in TERMS.values() if term.shared and term.standing]
    return _by_option(np.asarray(sum(parts)), lines)


def _by_option(value: Array, lines: int) -> Array:
    """(run, cell, line or 1, mode or 1) -> (run, cell, option)."""
    shape = value.shape[:2]
    return np.broadcast_to(value, (*shape, lines, N_MODES)).reshape(*shape, lines * N_MODES)


class Lockstep:
    """State of a batch of runs, and the steps that advance it by a month.

    Attributes
    ----------
    now : what the newest month found; there is none before the first
    lever, pulled : the levers of the month, each (run or 1, *axes), and the names of those that are not neutral
    others : state variables, which `sim.model.state` declares, and machinery
    """

    now: Month

    def __init__(
        self,
        world: World,
        threads: int = 1,
        trace: bool = False,
        deciders: Any = None,
        keep: Collection[str] | None = None,
        leader: Array | None = None,
    ):
        """Parameters beyond those of `simulate`:

        world : the batch
        deciders : the adopters, if they are not the compiled ones, as in the mean-field twin
        leader : (run,) number of a run for each run; see `sim.engines.loop_switches.Switches`
        """
        self.world = world
        self.switches = Switches(world.until, leader)
        self.deciders: Any = deciders or Deciders(world, threads, leader)
        self.recorder = Recorder(world, trace, keep, ROWS_RECORDED)
        self.reactions = Reactions(world, self.switches) if world.rules else None
        self.internal = self.released = self.sector_capability = np.empty(0)
        self.found: dict[str, Array] = {}
        """Observables that the steps of the current month have worked out, by name."""
        self.month_levers = MonthLevers(world.levers)
        self.unchanging = Unchanging.of(world)
        self._start()

    def month(self, month: int) -> None:
        """One month, and its record."""
        self.advance(month)
        self.recorder.record(self.now)

    def advance(self, month: int) -> None:
        """The schedule of a month (section 3 of the model description)."""
        self._policies(month)
        lab_compute = self._compute(month)
        frontier = self._capability(month, lab_compute)
        prices = self._prices(month, frontier)
        self._awareness(month)
        self._decide(month, prices)
        use = self._deploy(month, lab_compute, prices)
        users = self._accumulate()
        self._expose(use)
        self._observe(month)
        self.now = Month(
            month=month,
            found={**self.found, **self._recorded_stocks()},
            tally=self.deciders.tally,
            users=users,
            option_price=prices.option,
            rebate=prices.rebate,
            leaked=prices.leaked,
            usage_by_line=use.by_line,
            usage_table=use.table,
            frontier=frontier,
            programmes=self.lever.fiscal_cost,
            capex_boost=self.lever.capex_boost,
            telemetry=self.telemetry,
            partner=self.partner,
            choices=self.deciders.choices,
        )

    def _recorded_stocks(self) -> dict[str, Array]:
        """The observables that are stocks, as they are after the month."""
        return {
            "capability": self.internal,
            "released": self.released,
            "borrowed": self.borrowed,
            "sector_capability": self.sector_capability,
            "openness": self.open,
            "base": self.base,
            "training_compute": self.training,
            "load": self.load,
            "revenue_share": self.revenue_share,
            "chips_frontier": self.chips_frontier,
            "chips_domestic": self.chips_domestic,
            "chip_capacity": self.capacity,
            "data_pool": self.pool,
            "derivatives": self.derivatives,
            "experience": self.experience,
            "ecosystem": self.ecosystem,
            "awareness": self.awareness,
        }

    # -- month 0 -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Stocks of month 0 (section 6.0)."""
        w = self.world
        runs, lines, regions, sectors = w.runs, len(w.lines), len(REGIONS), len(SECTORS)

        def full(array: Any, *shape: int) -> Array:
            return np.broadcast_to(array, (runs, *shape)).copy()

        self.chips_frontier = full(w.region.chips * 1e6, regions)
        self.chips_domestic = np.zeros((runs, regions))
        self.output_total = full(w.region.domestic_output, regions)
        self.capacity = full(w.region.domestic_capacity, regions)
        self.power_gain = np.zeros((runs, regions))
        self.public_compute = np.zeros((runs, lines))
        self.training = np.zeros((runs, lines))
        self.algorithmic = full(w.line.algorithmic_start, lines)
        self.borrowed = np.zeros((runs, lines))
        self.open = full(w.line.open, lines) > 0
        self.base = full(np.arange(lines), lines)
        self.leading = np.zeros((runs, lines))
        self.markup = full(w.line.markup, lines)
        self.telemetry = np.zeros((runs, lines, sectors, N_MODES))
        self.partner = np.zeros((runs, lines, sectors))
        self.pool = np.zeros((runs, regions, sectors))
        self.derivatives = np.zeros((runs, lines))
        self.experience = full(w.prices.experience_start, lines)
        self.equal_share = np.full((runs, lines), 1 / lines)
        self.ecosystem = self.equal_share.copy()
        self.revenue_share = self.equal_share.copy()
        self.load = full(w.prices.mean_load, lines)
        self.line_share_log = [self.equal_share]
        at_home = w.home[None] > 0
        self.awareness = full(
            np.where(at_home, w.line.awareness_home[..., None], w.line.awareness_abroad[..., None]), lines, regions
        )
        self.region_share = np.zeros((runs, lines, regions))
        self.cell_share = np.zeros((runs, len(cell_region), lines))
        self.history: dict[str, list[Array]] = {name: [] for name in WATCHED}
        self._schedule_releases()

    def _schedule_releases(self) -> None:
        """Cadence of each line, drawn once per run, and its phase at the start."""
        w = self.world
        self.cadence = capability.cadence(
            usual=w.line.cadence, spread=w.lab.cadence_spread, random_draw=self._release_draw(0, 1)
        )
        self.months_left = capability.first_release(cadence=self.cadence, random_draw=self._release_draw(0, 0))
        # addressed by the count of a line's releases, so that a policy that delays one changes the draw of no later one
        self.releases = np.zeros(self.months_left.shape, np.int64)
        # (run, count, line): runs come first in all that a month starts from, as probes put runs side by side
        self.release_draws = np.stack([self._release_draw(count, 2) for count in range(w.months + 1)], axis=1)

    def _release_draw(self, number: int, option: int) -> Array:
        """Random numbers in (0, 1) of the labs, (run, line); for ``option`` see the stream "release"."""
        return uniforms(self.world.key, "release", number, self.world.address, option)

    # -- steps of a month ----------------------------------------------------------------------------------------

    def _policies(self, month: int) -> None:
        """Step 1: the levers of the month, each (run or 1, *axes)."""
        self.found = {}
        self.lever, self.pulled = self.month_levers.of(month)
        if self.reactions is not None:
            scheduled = dict(vars(self.lever))
            self.reactions.act(month, self.lever)
            self.pulled |= {name for name, values in vars(self.lever).items() if values is not scheduled[name]}

    def _compute(self, month: int) -> Array:
        """Step 2: capital expenditure, chips, power, and each lab's compute, (run, line) [H100e] (section 6.1)."""
        c = self.world.compute
        revenue = self.switches("R2", "revenue_share", self.revenue_share, self.equal_share, month)
        chip_price = compute.falling(initial=c.chip_price, fall=c.chip_price_fall, month=month)
        self._buy_chips(month, self._invest(month, revenue), chip_price)
        lab_compute = self._allot_compute(self._power_chips(month), revenue)
        self._train(month, lab_compute, chip_price)
        return lab_compute

    def _invest(self, month: int, revenue: Array) -> Array:
        """AI capital expenditure, (run, region) [$B/month], from labs' revenue shares, (run, line)."""
        w, c = self.world, self.world.compute
        by_region = (revenue[:, :, None] * w.home[None]).sum(axis=1)
        capex = compute.capex(
            initial=w.region.capex,
            growth=c.capex_growth,
            slowdown=c.capex_slowdown,
            month=month,
            revenue_response=c.capex_response,
            revenue_ratio=compute.revenue_ratio(revenue_share=by_region, start=self.unchanging.home_share),
            boost=self.lever.capex_boost,
        )
        self.found["capex"] = capex
        return np.asarray(capex)

    def _buy_chips(self, month: int, capex: Array, chip_price: Array) -> None:
        """Frontier chips as far as controls allow, smuggled ones, and domestic chips for what is left."""
        c, lever = self.world.compute, self.lever
        budget = compute.chip_budget(capex=capex, chip_share=c.chip_share)
        desired = compute.desired_chips(budget=budget, chip_price=chip_price, stockpiling=lever.stockpiling)
        legal, denied, smuggled = compute.chip_purchases(
            desired=desired,
            denial=lever.export_denial,
            refusal=lever.import_refusal,
            diversion=c.smuggling,
            enforcement=compute.enforcement(standing=c.enforcement, added=lever.enforcement),
            premium=c.smuggling_premium,
        )
        money = compute.domestic_budget(
            chip_budget=budget,
            price=chip_price,
            legal=legal,
            smuggled=smuggled,
            premium=c.smuggling_premium,
            redirected=c.redirected,
            subsidy=lever.chip_subsidy * compute.DOLLARS_PER_BILLION,
        )
        output = self._make_chips(month, money)
        self.chips_frontier = compute.installed_step(
            stock=self.chips_frontier, retirement=c.retirement, bought=legal, smuggled=smuggled
        )
        self.chips_domestic = compute.installed_step(stock=self.chips_domestic, retirement=c.retirement, bought=output)
        self.found |= {
            "chips_legal": legal,
            "chips_denied": denied,
            "chips_smuggled": smuggled,
            "chips_output": output,
            "scarcity": compute.scarcity(desired=desired, denied=denied, smuggled=smuggled, domestic=output),
        }

    def _make_chips(self, month: int, money: Array) -> Array:
        """Domestic chips made for the money [$/month], (run, region) [H100e/month]. Fab capacity limits them."""
        w, c, lever = self.world, self.world.compute, self.lever
        learned = self.switches("R8", "output_total", self.output_total, w.region.domestic_output, month)
        capacity = self.switches("R8", "capacity", self.capacity, w.region.domestic_capacity, month)
        domestic_price = compute.learning_price(
            initial=c.domestic_price,
            experience=learned,
            experience_start=w.region.domestic_output,
            exponent=c.domestic_learning,
            fall=c.domestic_price_fall,
            month=month,
            discount=lever.chip_discount,
        )
        wanted = compute.domestic_demand(budget=money, price=domestic_price)
        output = compute.smooth_minimum(a=wanted, b=capacity)
        growth = compute.capacity_growth(
            base=c.capacity_growth,
            demand_pull=c.demand_pull,
            demand=wanted,
            capacity=capacity,
            subsidy_pull=c.subsidy_pull,
            subsidy=lever.chip_subsidy,
            subsidy_half=c.subsidy_half,
            tool_control=lever.tool_control,
        )
        self.capacity = self.capacity * (1 + growth)
        self.output_total = self.output_total + output
        return np.asarray(output)

    def _power_chips(self, month: int) -> Array:
        """Usable compute: the installed chips that power can run, (run, region) [H100e]."""
        w, c, lever = self.world, self.world.compute, self.lever
        self.power_gain = compute.power_gain_step(
            gain=self.power_gain, growth=lever.grid_growth, slowdown=c.power_slowdown, month=month
        )
        power = compute.grid_power(
            initial=w.region.power,
            growth=w.region.power_growth,
            slowdown=c.power_slowdown,
            month=month,
            added=lever.grid_power,
            gain=self.power_gain,
        )
        powered = compute.powered_share(
            power=power,
            frontier=self.chips_frontier,
            domestic=self.chips_domestic,
            power_per_chip=compute.falling(initial=c.power_per_chip, fall=c.power_per_chip_fall, month=month),
            domestic_penalty=c.domestic_power_penalty,
        )
        powered = self.switches("B3", "powered", powered, np.ones_like(powered), month)
        usable = compute.usable_compute(powered=powered, frontier=self.chips_frontier, domestic=self.chips_domestic)
        self.found |= {"powered": powered, "compute": usable}
        return np.asarray(usable)

    def _allot_compute(self, usable: Array, revenue: Array) -> Array:
        """Each lab's part of its region's usable compute, (run, line) [H100e]."""
        w = self.world
        shares = compute.lab_shares(
            weight=w.line.compute_weight,
            revenue_share=revenue,
            elasticity=w.lab.revenue_elasticity,
            least=w.lab.least_revenue_share,
            home=w.home,
        )
        return np.asarray(
            compute.lab_compute(usable=self._of_home(usable), share=shares, factor=self.lever.compute_factor)
        )

    def _train(self, month: int, lab_compute: Array, chip_price: Array) -> None:
        """Training compute, from the labs' own and from public grants."""
        w, c = self.world, self.world.compute
        self.public_compute = compute.public_compute_step(
            stock=self.public_compute,
            retirement=c.retirement,
            grant=self.lever.compute_grant,
            chip_share=c.chip_share,
            chip_price=chip_price,
        )
        level = compute.training_compute(
            compute=lab_compute, training_share=w.lab.training_share, public=self.public_compute
        )
        if month == 0:
            self.training = level
            # the largest training compute at the start; at the defaults that of US-closed-A
            self.reference = level.max(axis=1, keepdims=True)
        else:
            self.training = compute.smoothed(stock=self.training, level=level, time=w.lab.training_time)

    def _capability(self, month: int, lab_compute: Array) -> Array:
        """Step 3: algorithms, borrowing and data; labs whose time has come release (section 6.2).

        Returns the best released capability, (run, 1) [nats].
        """
        if month > 0:
            self._learn_from_others()
        self._assess(month)
        data_gain, due = self._data_gain(month), self._due(month)
        if due.any():
            self._decide_openness(due)
        self._release(month, due, lab_compute, data_gain)
        frontier = np.asarray(self.released.max(axis=1, keepdims=True))
        if month == 0:
            self.frontier_start = frontier
        self.found |= {"data_gain": data_gain, "release": due}
        self._compare_with_frontier(frontier)
        return frontier

    def _learn_from_others(self) -> None:
        """Algorithms advance, and labs borrow from what others have released before this month."""
        tech = self.world.technology
        self.algorithmic = capability.algorithmic_step(
            stock=self.algorithmic,
            progress=tech.algorithmic_progress,
            scarcity_innovation=tech.scarcity_innovation,
            scarcity=self._of_home(self.found["scarcity"]),
            spillover=tech.idea_spillover,
        )
        self.borrowed = capability.borrowed_step(
            borrowed=self.borrowed,
            capability=self.internal,
            frontier_open=np.where(self.open, self.released, -np.inf).max(axis=1, keepdims=True),
            frontier_all=self.released.max(axis=1, keepdims=True),
            from_weights=tech.weight_borrowing,
            from_outputs=tech.distillation,
            access=1 - self.lever.access_restriction,
            decay=tech.borrowed_decay,
        )

    def _assess(self, month: int) -> None:
        """What each lab could release, from compute, algorithms, borrowing and the community."""
        community = self.world.community
        derivatives = self.switches("R3", "derivatives", self.derivatives, 0.0, month)
        self.internal = capability.capability(
            training_compute=self.training,
            reference=self.reference,
            algorithmic=self.algorithmic,
            borrowed=self.switches("B2", "borrowed", self.borrowed, 0.0, month),
            derivative_gain=ecosystem.derivative_gain(
                derivatives=derivatives,
                scale=community.derivative_scale,
                gain=community.derivative_gain,
                leak=community.technique_leak,
                is_open=self.open,
            ),
        )

    def _decide_openness(self, due: Array) -> None:
        """Labs with a release open or close their weights, because of policy or after long near the frontier."""
        lever = self.lever
        must_open, must_close = self._obey_rules()
        wants_to_close = capability.wants_to_close(
            is_open=self.open, leading=self.leading, patience=self.world.lab.closing_patience
        )
        self.open = capability.openness_step(
            is_open=self.open,
            due=due,
            opens=(lever.open_release > 0) | must_open,
            closes=(lever.close_release > 0) | must_close | wants_to_close,
        )

    def _release(self, month: int, due: Array, lab_compute: Array, data_gain: Array) -> None:
        """Labs that are due release their newest work. In month 0 every lab has just released."""
        if month == 0:
            self.released = self.internal.copy()
            self.sector_capability = self._of_sectors(self.released, data_gain)
        elif due.any():
            reached, base = self._with_base(lab_compute)
            self.released = np.where(due, reached, self.released)
            self.base = np.where(due, base, self.base)
            newest = self._of_sectors(reached, data_gain)
            self.sector_capability = np.where(due[..., None], newest, self.sector_capability)

    def _compare_with_frontier(self, frontier: Array) -> None:
        """Months near the frontier, and the coverage of each sector's tasks, whose demands follow the frontier."""
        w, tech = self.world, self.world.technology
        self.leading = capability.near_frontier_step(
            leading=self.leading, released=self.released, frontier=frontier, margin=w.lab.closing_margin
        )
        threshold = adoption.task_threshold(
            start=w.sector.task_threshold,
            drift=tech.demand_drift,
            weight=w.sector.capability_weight,
            frontier=frontier,
            frontier_start=self.frontier_start,
        )
        self.found["coverage"] = adoption.coverage(
            sector_capability=self.sector_capability, threshold=threshold[:, None, :], width=tech.task_width[..., None]
        )

    def _of_sectors(self, released: Array, data_gain: Array) -> Array:
        """Capability of releases in every sector [nats], (run, line, sector)."""
        return np.asarray(
            capability.sector_capability(
                released=released[..., None],
                weight=self.world.sector.capability_weight[:, None, :],
                data_gain=data_gain,
            )
        )

    def _obey_rules(self) -> list[Array]:
        """Which labs must open, and which must close, their next release; one draw per lab decides whether it obeys."""
        lever = self.lever
        if not self.pulled & {"open_duty", "closed_duty"}:
            return [np.zeros_like(self.open)] * 2
        drawn = self._release_draw(0, 3)
        return [
            capability.must_obey(released=self.released, threshold=above, duty=duty, random_draw=drawn)
            for above, duty in ((lever.open_above, lever.open_duty), (lever.closed_above, lever.closed_duty))
        ]

    def _due(self, month: int) -> Array:
        """Which lines release this month; sets their next date."""
        w = self.world
        if month == 0:
            return np.zeros((w.runs, len(w.lines)), bool)
        self.months_left = self.months_left - 1
        due = (self.months_left <= 0) | (self.lever.release_now > 0)
        if due.any():
            self.releases = self.releases + due
            gap = capability.next_release(
                cadence=self.cadence,
                change=self.lever.cadence_change,
                jitter=w.lab.release_jitter,
                random_draw=np.take_along_axis(self.release_draws, self.releases[:, None], 1)[:, 0],
            )
            self.months_left = np.where(due, gap, self.months_left)
        return due

    def _with_base(self, lab_compute: Array) -> tuple[Array, Array]:
        """What each lab would release now, its own work or a build on the best open base, and that base."""
        w, tech = self.world, self.world.technology
        own = self.unchanging.own
        builders = np.flatnonzero((w.line.builder > 0).any(axis=0))
        if builders.size == 0:
            return self.internal, own
        is_base = self.open[:, None, :] & (w.line.builder[:, None, :] == 0)
        is_base = np.broadcast_to(is_base, (w.runs, builders.size, len(w.lines)))

        def of_builders(friction: Array) -> Array:
            """(run or 1, region, origin, mode) -> (run or 1, builder, line), in the mode of own hosting."""
            return friction[:, w.origin[builders]][:, :, w.origin, SELF_HOSTED]

        friction = capability.base_friction(
            standing=of_builders(w.friction),
            added=of_builders(self.lever.friction.mean(axis=3)) if "friction" in self.pulled else 0.0,
            weight=tech.base_friction[..., None],
        )
        reached, base = capability.build_on_base(
            released=self.released,
            is_base=is_base,
            friction=friction,
            gap=tech.builder_gap,
            gain=tech.post_training,
            compute=lab_compute[:, builders],
            scale=tech.post_training_scale,
        )
        builds = (reached > self.internal[:, builders]) & (w.line.builder[:, builders] > 0)
        capability_now, base_now = self.internal.copy(), own.copy()
        capability_now[:, builders] = np.where(builds, reached, self.internal[:, builders])
        base_now[:, builders] = np.where(builds, base, own[:, builders])
        return capability_now, base_now

    def _data_gain(self, month: int) -> Array:
        """What accessible data would add to each line in each sector [nats], (run, line, sector)."""
        w, tech, lever, sector = self.world, self.world.technology, self.lever, self.world.sector
        own = self.switches("R1", "telemetry", cells.total(self.telemetry), 0.0, month)
        partner = self.switches("R1p", "partner", self.partner, 0.0, month)
        pool = self.switches("R1p", "pool", self.pool, 0.0, month)
        data = capability.accessible_data(
            own=own + partner, sharing=tech.data_sharing[..., None], sharing_at_home=lever.data_sharing, home=w.home
        )
        if pool.any():
            access = capability.pool_access(
                pool_listed=lever.pool_listed[..., None], at_home=w.home.T[None], granted=lever.pool_access
            )
            data = data + capability.pooled_data(pool=pool, access=access)
        data = capability.shared_between_sectors(data=data, sharing=tech.sector_sharing[..., None])
        form = {
            "most": sector.data_gain[:, None, :],
            "scale": sector.data_scale[:, None, :],
            "exponent": sector.data_exponent[:, None, :],
            "shape": tech.data_shape[..., None],
        }
        if not self.switches.cut("B4"):
            return capability.data_gain(data=data, **form)
        held, off = self.switches("B4", "data", data, 0.0, month), (w.until["B4"] < 0)[:, None, None]
        return capability.constant_data_gain(data=data, held=held, off=off, **form)

    def _prices(self, month: int, frontier: Array) -> Prices:
        """Step 4: prices from last month's load, and what each cell pays (section 6.3)."""
        w, p, lever = self.world, self.world.prices, self.lever
        experience = self.switches("R6", "experience", self.experience, p.experience_start, month)
        cost = price.serving_cost(
            level=p.cost_level,
            slope=p.cost_slope,
            released=self.released,
            frontier=frontier,
            efficiency=w.line.serving_cost,
            experience=experience,
            experience_start=p.experience_start,
            exponent=p.experience_exponent,
        )
        of_fixed_capability = price.cost_of_fixed_capability(
            level=p.cost_level, slope=p.cost_slope, frontier_start=self.frontier_start, frontier=frontier
        )[:, 0]
        load = self.switches("B1", "load", self.load, 0.0, month)
        self.markup = self._markups(month)
        markup = self.markup
        if "subsidy_leak" in self.pulled:
            leak = self._to_cells(lever.subsidy_leak)
            markup = price.charged_markup(
                markup=self.markup,
                leak=leak[:, :, None],
                usage_share=self.cell_share,
                domestic=self.unchanging.domestic,
            )
        option_price = listed = price.option_costs(
            cost=cost,
            markup=markup,
            congested=price.congestion(load=load, strength=p.congestion),
            host_markup=p.host_markup,
            self_hosting=w.region.self_hosting_cost,
        )
        if "tariff" in self.pulled:
            listed = price.price_after_tariff(price=listed, tariff=lever.tariff[:, :, w.origin])
        log_paid = np.take(np.log(listed), cell_region, axis=1)
        paid = listed = np.take(listed, cell_region, axis=1)  # (run, cell, line, mode)
        rebate = leaked = NOTHING
        if self.pulled & {"adoption_subsidy", "compute_voucher"}:
            voucher = lever.compute_voucher[:, cell_region, cell_type]
            subsidy = self._to_cells(lever.adoption_subsidy)
            paid = price.price_paid(listed=listed, subsidy=subsidy[..., None], voucher=voucher[..., None])
            rebate, log_paid = listed - paid, np.log(paid)
        if "subsidy_leak" in self.pulled:
            leaked = price.leaked_subsidy(listed=listed, leak=leak[..., None])
        self.found |= {"markup": markup, "price_of_fixed_capability": of_fixed_capability}
        return Prices(option=option_price, rebate=rebate, leaked=leaked, paid=paid, log_paid=log_paid)

    def _markups(self, month: int) -> Array:
        """What labs add to cost on their own API, by the rule of the scenario, (run, line)."""
        w, p = self.world, self.world.prices
        markup, rule = self.markup, w.markup_rule
        if (rule == MARKUP_RULES.index("adaptive")).any() and month > 12:
            growth = price.share_growth(share=self.line_share_log[-1], year_before=self.line_share_log[-13])
            adapted = price.adaptive_markup(markup=markup, share_growth=growth, speed=p.markup_speed)
            markup = np.where(rule == MARKUP_RULES.index("adaptive"), adapted, markup)
        if (rule == MARKUP_RULES.index("best_response")).any() and month > 0:
            last = self.deciders.tally.used
            by_line = last.sum(axis=3)
            best = price.best_response_markup(
                markup=markup,
                usage=last[..., API],
                share=lenses.shares(by_line),
                cost_weight=w.type.cost_weight[:, cell_type],
                reviewed=price.reviewed_in_a_year(review_rate=w.type.review_rate[:, cell_type]),
                elasticity=p.usage_elasticity,
            )
            markup = np.where(rule == MARKUP_RULES.index("best_response"), best, markup)
        return markup

    def _awareness(self, month: int) -> None:
        """Step 5: who knows which line (section 6.4); what options are worth follows in `_decide`."""
        a = self.world.attention
        share = self.switches("R4", "region_share", self.region_share, 0.0, month)
        self.awareness = adoption.awareness_step(
            awareness=self.awareness,
            advertising=a.advertising[..., None],
            word_of_mouth=a.word_of_mouth[..., None],
            share=share,
            release_boost=a.release_boost[..., None],
            released=self.found["release"][..., None],
            news=np.swapaxes(self.lever.news, 1, 2),
            forgetting=a.forgetting[..., None],
        )

    def _decide(self, month: int, prices: Prices) -> None:
        """Steps 5 and 6: what options are worth to each cell, then everybody's decision (section 6.4)."""
        w, lever = self.world, self.lever
        ecosystem_share = self.switches("R3", "ecosystem", self.ecosystem, self.equal_share, month)
        coverage = np.ascontiguousarray(np.swapaxes(self.found["coverage"], 1, 2))
        self.deciders.decide(
            month,
            coverage=coverage,
            log_cost=prices.log_paid,
            worth=self._worth(ecosystem_share),
            is_open=self.open,
            banned=self._bans(),
            awareness=np.swapaxes(self.awareness, 1, 2),
            push=lever.push[:, cell_region, cell_sector],
            outside=w.type.outside_value[:, cell_type] + lever.outside_value[:, cell_region, cell_sector],
            block=group_number(w.origin, self.open),
        )

    def _setting(self, ecosystem_share: Array) -> Setting:
        """What the terms of a utility read this month."""
        lever, pulled = self.lever, {}
        if "friction" in self.pulled:
            # widened by what policy adds in a sector: read at the cell and the line's home
            added = np.moveaxis(lever.friction[:, cell_region, :, cell_sector], 0, 1)
            pulled["added_friction"] = added[:, :, self.world.origin]
        if "preference" in self.pulled:
            pulled["preference"] = lever.preference[:, cell_region, cell_sector, cell_type][..., None]
        return replace(
            self.unchanging.setting,
            is_open=self.open[:, None, :, None],
            ecosystem=ecosystem_share[:, None, :, None],
            **pulled,
        )

    def _worth(self, ecosystem_share: Array) -> Array:
        """What a cell shares of the utility of every option [utils], (run, cell, line, mode)."""
        lines, setting = len(self.world.lines), self._setting(ecosystem_share)
        # options side by side, because NumPy is slow where the last axis has three places
        is_open = np.repeat(self.open, N_MODES, axis=1)[:, None]
        worth = np.where(is_open, self.unchanging.worth_open, self.unchanging.worth_closed)
        for term in TERMS.values():
            if term.shared and not term.standing and (not term.lever or term.lever in self.pulled):
                worth += _by_option(term.shared(setting), lines)
        return worth.reshape(self.world.runs, len(cell_type), lines, N_MODES)

    def _bans(self) -> Array:
        """Part of each cell's adopters that may not use an option, (run or 1, cell, line, mode).

        What is built on a banned base is banned too where a policy says so.
        """
        if not self.pulled & {"ban", "base_ban"}:
            return NOTHING
        ban, base_ban = (
            lever[:, cell_region, cell_sector, cell_type] for lever in (self.lever.ban, self.lever.base_ban)
        )
        if not base_ban.any():
            return ban
        wide = np.broadcast_to(base_ban, (self.world.runs, *base_ban.shape[1:]))
        inherited = np.take_along_axis(wide, self.base[:, None, :, None], axis=2)
        built = (self.base != np.arange(len(self.world.lines)))[:, None, :, None]
        return choice.binding_ban(ban=ban, base_ban=inherited, built=built)

    def _deploy(self, month: int, lab_compute: Array, prices: Prices) -> UsageSums:
        """Steps 7 and 8, first half: usage, revenue, load, and data for labs and pools (section 6.5)."""
        w, tech, lever, tally = self.world, self.world.technology, self.lever, self.deciders.tally
        use = sum_usage(tally.used, prices.option)
        self.line_usage = use.by_line.sum(axis=1)
        self.revenue_share = lenses.shares(use.revenue)
        self.cell_share = use.by_line / np.maximum(self.line_usage[:, None, :], 1e-300)
        serving = compute.serving_compute(compute=lab_compute, training_share=w.lab.training_share)
        self.load = price.load(
            usage_share=lenses.shares(use.api), compute_share=lenses.shares(serving), mean_load=w.prices.mean_load
        )
        first = cells.total(tally.primary)
        self.line_share_log.append(lenses.shares(first.sum(axis=1).astype(float)))
        slots = cells.by_sector(cells.total(first) + cells.total(tally.secondary, 2))
        caught, shared, pooled = collected_data(
            tally.used_power,
            self._effective_usage_of_a_unit(month, use.table, slots),
            usage.telemetry(
                effective=1.0, capture=self.unchanging.capture, privacy=lever.privacy[:, cell_region, None]
            ),
            usage.partner_data(effective=1.0, capture=tech.partner_capture[:, 0]),
            usage.mandated_data(effective=1.0, mandate=lever.data_mandate),
            w.origin,
        )
        decay = np.where((w.until["B4"] < month)[:, None], 0.0, w.sector.data_decay)
        self.telemetry = usage.decayed(stock=self.telemetry, decay=decay[:, None, :, None], inflow=caught)
        self.partner = usage.decayed(stock=self.partner, decay=decay[:, None, :], inflow=shared)
        self.pool = usage.decayed(stock=self.pool, decay=decay[:, None, :], inflow=pooled)
        return use

    def _effective_usage_of_a_unit(self, month: int, table: Array, slots: Array) -> Array:
        """Effective usage for each unit of summed powers of usage, (run, sector)."""
        total = cells.total(table, 2).sum(axis=1)
        mean = usage.mean_usage(total=total, slots=slots)
        if month == 0:
            self.mean_usage = mean
        unit = usage.effective_usage(
            sum_of_powers=1.0, mean_usage=self.mean_usage, exponent=self.world.sector.site_diversity
        )
        self.mean_usage = usage.mean_usage_step(mean=mean, before=self.mean_usage)
        return unit

    def _accumulate(self) -> Users:
        """Step 8, second half: ecosystem, derivatives, experience, regional shares (section 6.6)."""
        w, c = self.world, self.world.community
        users, beside = cells.by_slot(self.deciders.tally.pairs)
        startup = cell_type == TYPES.index("startup")
        startups = np.maximum(w.population.count[:, startup].sum(axis=1), 1)[:, None]
        first, second = (cells.everywhere(by_cell, startup) for by_cell in (users, beside))
        startup_use = ecosystem.startup_use(first=first, second=second, startups=startups)
        new_derivatives = ecosystem.derivatives_step(
            stock=0.0, decay=0.0, rate=c.derivative_rate, is_open=self.open, startup_share=startup_use
        )
        self.derivatives = ecosystem.derivatives_step(
            stock=self.derivatives,
            decay=c.derivative_decay,
            rate=c.derivative_rate,
            is_open=self.open,
            startup_share=startup_use,
        )
        self.ecosystem = ecosystem.moving_average(
            average=self.ecosystem, newest=lenses.shares(first.astype(float)), weight=c.memory
        )
        self.experience = self.experience + self.line_usage
        members = cells.by_region(w.population.count)[:, :, None]
        self.region_share = np.swapaxes(adoption.regional_share(users=cells.by_region(users), members=members), 1, 2)
        return Users(
            first=users,
            second=beside,
            startups=startups,
            startup_use=startup_use,
            new_derivatives=new_derivatives,
        )

    def _expose(self, use: UsageSums) -> None:
        """Step 10: exposure of every region to its rivals' lines (section 6.8). Step 9 reads it, so it comes first."""
        w, unchanging = self.world, self.unchanging
        provenance = w.origin[self.base]
        rivals = np.broadcast_to(w.rivals, (w.runs, *w.rivals.shape[1:]))
        rival = np.take_along_axis(rivals, provenance[:, None, :], axis=2)
        (data_weight, data_modes), (weight, modes) = unchanging.data_risk, unchanging.operational_risk
        through_data = exposure.exposed_share(usage=use.table, weight=data_weight, mode_weight=data_modes, danger=rival)
        through_operation = exposure.exposed_share(
            usage=use.table, weight=weight, mode_weight=modes, danger=rival * w.line.vulnerability[:, None, :]
        )
        by_line = cells.total(use.table).sum(axis=2)
        by_origin = cells.by_group(by_line, provenance, len(REGIONS))
        rival_usage = cells.total(use.by_line * np.take(rival, cell_region, axis=1))
        review_rate = exposure.mean_review_rate(
            weighted_usage=cells.by_region(rival_usage * unchanging.review_rate), usage=cells.by_region(rival_usage)
        )
        self.found |= {
            "data_exposure": through_data,
            "operational_exposure": through_operation,
            "security_exposure": exposure.combined(data_exposure=through_data, operational_exposure=through_operation),
            "concentration": exposure.concentration(by_origin),
            "shedding_time": exposure.shedding_time(review_rate),
        }

    def _observe(self, month: int) -> None:
        """Step 9: what governments see, late and with noise, and what they decide (section 6.7)."""
        w, noise = self.world, self.world.government.observation_noise
        for option, name in enumerate(WATCHED):
            past = self.history[name]
            past.append(np.broadcast_to(self.found[name], (w.runs, len(REGIONS))))
            # an engine that a probe put into a later month has no past; it reads its first month until it has one
            place = np.where(month < self.unchanging.lag, -1, np.maximum(len(past) - 1 - self.unchanging.lag, 0))
            known = value_of_month(past, place, np.nan)
            error = normals(w.key, "observe", month + 1, np.arange(len(REGIONS)), option)
            statistic = reaction.statistic(metric=known, noise=noise, error=error)
            self.found[f"observed_{name.removeprefix('security_')}"] = statistic
        if self.reactions is not None:
            self.reactions.decide(month, self.found)

    # -- from cells to coarser axes ------------------------------------------------------------------------------

    def _of_home(self, by_region: Array) -> Array:
        """(run, region) -> (run, line): the value of each line's home."""
        return by_region[:, self.world.origin]

    def _to_cells(self, lever: Array) -> Array:
        """(run, region, sector, type) -> (run, cell)."""
        return lever[:, cell_region, cell_sector, cell_type]
