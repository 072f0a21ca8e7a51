"""The readable twin: the same model as the default engine, agent by agent, in Mesa's conventions.

`OpenLoopModel.step` is the schedule of a month (section 3 of the model description). What each agent does is in
`sim.engines.mesa`, and every equation in `sim.model.rules`. Agents draw random numbers from the same addresses as in
the default engine (`sim.basics.streams`), so every adopter makes the same choice in every month in both engines. Read
and change the model here; for thousands of runs take the default engine.

>>> from sim.engines.mesa.model import OpenLoopModel
>>> model = OpenLoopModel("scenarios/baseline.yaml", adopters=300, months=24)      # doctest: +SKIP
>>> model.run_model()      # doctest: +SKIP
>>> model.datacollector.get_model_vars_dataframe()      # doctest: +SKIP
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from sim.basics.arguments import whole
from sim.basics.axes import MODES, REGIONS, month_label
from sim.basics.equations import Array
from sim.basics.errors import RunError, refused
from sim.basics.streams import run_key
from sim.engines.mesa import Adopter, Government, Lab
from sim.engines.mesa.adopters import adopter_class
from sim.engines.mesa.agent import AgentModel, LastMonth
from sim.engines.mesa.census import month_of, take_census
from sim.engines.recording import Part, Recorder, joined
from sim.engines.world import Job, build, cell_region, cell_sector, cell_type
from sim.model.agents.adopter_types import TYPES
from sim.model.levers import added
from sim.model.rules import adoption, choice, ecosystem, worth
from sim.scenario import Scenario
from sim.scenario.resolve import prepare, with_settings

__all__ = ["OpenLoopModel", "simulate"]


class OpenLoopModel(AgentModel):
    """A scenario with one object per agent.

    Subclass it, and name your own class for an agent type, to change how that type decides::

        class CautiousEnterprise(Enterprise):
            def review_hazard(self):
                return 0.5 * super().review_hazard()

        class CautiousFirms(OpenLoopModel):
            enterprise = CautiousEnterprise

    Parameters
    ----------
    source : scenario file, or a `Scenario`
    sets : changes such as ``"startup.switching_cost=1.2"``, as after ``--set``; for files only
    replicate : number of the repetition; other repetitions have other random draws. Absent: 0, or in `mesa.batch_run`
        without seeds the number of the iteration
    seed, rng : one of them, in place of the scenario's seed: a whole number, a generator of NumPy (one number is drawn
        from it) or a `numpy.random.SeedSequence`. Mesa's own generators exist, for agents of yours; ours have addresses
    trace, agents_watched : whether the record keeps every adopter's choice, and the data collector a row per agent
    settings : run settings such as ``adopters=300`` and ``months=24``

    Attributes
    ----------
    recorder : every observable so far (`sim.model.observables`)
    replicate : number of the repetition
    others : see `sim.engines.mesa.agent.AgentModel`

    Examples
    --------
    >>> import openloop as ol
    >>> model = ol.Model("baseline", adopters=60, months=6)
    >>> model.run_model()
    >>> model.running, len(model.datacollector.get_model_vars_dataframe())
    (False, 6)
    """

    lab: ClassVar[type[Lab]] = Lab
    government: ClassVar[type[Government]] = Government

    running: bool

    def __init__(
        self,
        source: str | Path | Scenario,
        *,
        replicate: int | None = None,
        seed: Seed = None,
        rng: Seed = None,
        trace: bool = False,
        agents_watched: bool = True,
        sets: str | Sequence[str] = (),
        **settings: int,
    ):
        given = _seed(seed, rng)
        self.source, _ = prepare(source, sets, seed=given, **settings)
        super().__init__(rng=self.source.run.seed)
        if replicate is None:
            replicate = _iteration() if given is None else 0
        self.replicate = whole(replicate, "replicate", least=0)
        self.parameters = self.source.parameters
        self.world = build([(self.source, self.replicate)])
        self.key = self.world.key[0]
        self.until = {loop: int(month[0]) for loop, month in self.world.until.items()}
        self.sectors, self.types = _of_first_run(self.world.sector), _of_first_run(self.world.type)
        self.self_hosting_cost = self.world.region.self_hosting_cost[0]
        self.month, self.draw_month = 0, 0
        self.lever = self._levers()
        self._people()
        self.recorder = Recorder(self.world, trace)
        self.adopted = 0.0
        self.datacollector = self._data_collector(agents_watched)

    def _people(self) -> None:
        """Make governments, labs and adopters. The traits of adopters were drawn in `sim.engines.world`."""
        self.governments = [self.government(self, place) for place in range(len(REGIONS))]
        self.labs = [self.lab(self, name, place) for place, name in enumerate(self.world.lines)]
        of_type = [getattr(self, kind, None) or adopter_class(kind) for kind in TYPES]
        people = self.world.population
        self.adopters: list[Adopter] = [
            of_type[cell_type[cell]](self, number) for number, cell in enumerate(people.cell[0])
        ]
        for adopter, peers in zip(self.adopters, people.peers[0], strict=True):
            adopter.peers = [self.adopters[peer] for peer in peers]
        self._group()

    def _group(self) -> None:
        self.groups = {kind: self.agents.select(agent_type=kind) for kind in (Government, Lab, Adopter)}

    # -- Mesa's conventions --------------------------------------------------------------------------------------

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A model that was pickled goes on where it was, with the same random draws."""
        self.__dict__.update(state)
        for adopter in self.adopters:
            if "peers" in vars(adopter):
                adopter.meet_peers()
        self._group()

    def remove_all_agents(self) -> None:
        """End the model and let go of its agents, to free their memory."""
        self.running = False
        super().remove_all_agents()

    def reset_rng(self, rng: Seed = None) -> None:
        """Give all agents other luck from now on, from a seed or a generator; None keeps the luck that they have."""
        super().reset_rng(rng)
        self._reseed(_seed(None, rng))

    def reset_randomizer(self, seed: int | None = None) -> None:
        """`reset_rng` from a number."""
        super().reset_randomizer(seed)
        self._reseed(_seed(seed, None))

    def _reseed(self, seed: int | None) -> None:
        if seed is not None:
            self.source = with_settings(self.source, seed=seed)
            self.key = run_key(self.source.run.seed, self.replicate)

    # -- the schedule --------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One month. After the last month of the scenario ``running`` is false and steps do nothing."""
        if not self.running:
            return
        self.month, self.found = self.steps - 1, {}
        self._policies()
        self._compute()
        self._capability()
        self._each(Lab, "set_prices")
        self._each(Lab, "become_known")
        self.worth, self.banned = worth.shared(setting=self._setting()), self._bans()
        self._decide()
        self._use()
        self._each(Government, "judge_exposure", "observe", "watch", "decide")
        self.recorder.record(month_of(self))
        self.datacollector.collect(self)
        self.running = self.month + 1 < self.world.months

    def _policies(self) -> None:
        """Step 1: what is scheduled, and what governments do by their rules."""
        self.lever = self._levers()
        self._each(Government, "act")
        pulls = [pull for government in self.governments for pull in government.pulls]
        if pulls:
            homes = {lab.name: REGIONS[lab.home] for lab in self.labs}
            alone = {name: value[None] for name, value in vars(self.lever).items()}
            moved = added(alone, [(np.array([0]), pulls)], homes, 1)
            vars(self.lever).update({name: value[0] for name, value in moved.items()})

    def _compute(self) -> None:
        """Step 2: capital expenditure, chips, power, and each lab's part."""
        self._each(Government, "invest", "buy_chips", "power_chips", "allot_compute")
        self._each(Lab, "train")
        if self.month == 0:
            self.reference = max(lab.training for lab in self.labs)

    def _capability(self) -> None:
        """Step 3: research, then releases; all labs see what others had released before this month."""
        self._each(Government, "show_data")
        self._each(Lab, "show")
        self.all_data = np.stack([lab.data_seen for lab in self.labs])[None]
        self.all_pools = np.stack([government.pool_seen for government in self.governments])[None]
        if self.month > 0:
            self.last_month = LastMonth(
                best_algorithms=max(lab.algorithmic for lab in self.labs),
                frontier=max(lab.released for lab in self.labs),
                frontier_open=max((lab.released for lab in self.labs if lab.open), default=-1e9),
            )
            self._each(Lab, "learn_from_others")
        self.community = self._community()
        self._each(Lab, "assess", "look_at_calendar", "decide_openness")
        self._each(Lab, "choose_base")
        self._each(Lab, "release")
        self.frontier = max(lab.released for lab in self.labs)
        if self.month == 0:
            self.frontier_start = self.frontier
        self.task_threshold = adoption.task_threshold(
            start=self.sectors.task_threshold,
            drift=self.parameters.technology.demand_drift,
            weight=self.sectors.capability_weight,
            frontier=self.frontier,
            frontier_start=self.frontier_start,
        )
        self._each(Lab, "compare_with_frontier")

    def _community(self) -> Array:
        """Capability that derivatives add to each line; techniques leak among open lines."""
        c = self.parameters.community
        return ecosystem.derivative_gain(
            derivatives=np.array([[lab.derivatives_seen for lab in self.labs]]),
            scale=c.derivative_scale,
            gain=c.derivative_gain,
            leak=c.technique_leak,
            is_open=np.array([[lab.open for lab in self.labs]]),
        )[0]

    def _decide(self) -> None:
        """Steps 5 and 6: all adopters decide at once, and see in others only what they used last month."""
        if self.month == 0:
            for adopter in self.adopters:
                if self.world.population.starts[0, adopter.number]:
                    adopter.choose(starting=True)
            self.adopted = self._adopted()
        self.draw_month = self.month + 1
        self._each(Adopter, "look_around", "decide")
        self.adopted = self._adopted()

    def _setting(self) -> worth.Setting:
        """What the terms of a utility read this month, for all cells; parts broadcast to (cell, line, mode)."""
        w, lever = self.world, self.lever
        return worth.Setting(
            adopter=self.parameters.adopter,
            type=SimpleNamespace(**{name: of[cell_type, None, None] for name, of in vars(self.types).items()}),
            line=SimpleNamespace(**{name: of[0, :, None] for name, of in vars(w.line).items()}),
            is_open=np.array([[lab.open] for lab in self.labs]),
            friction=w.friction[0, cell_region][:, w.origin],
            added_friction=lever.friction[cell_region[:, None], w.origin, cell_sector[:, None]],
            ecosystem=np.array([[lab.ecosystem_seen] for lab in self.labs]),
            preference=lever.preference[cell_region, cell_sector, cell_type][..., None],
        )

    def _bans(self) -> Array:
        """Part of every cell's adopters that a ban binds, (cell, line, mode)."""
        ban, base_ban = (of[cell_region, cell_sector, cell_type] for of in (self.lever.ban, self.lever.base_ban))
        base = np.array([lab.base.place for lab in self.labs])
        built = (base != np.arange(len(base)))[:, None]
        return np.asarray(choice.binding_ban(ban=ban, base_ban=base_ban[:, base], built=built))

    def _adopted(self) -> float:
        return sum(adopter.primary is not None for adopter in self.adopters) / len(self.adopters)

    def _use(self) -> None:
        """Steps 7 and 8: usage, and what it returns to labs and governments."""
        self._each(Adopter, "use")
        self.ledger = take_census(self)
        self._each(Lab, "close_the_books", "collect_data", "tend_the_community")
        self._each(Government, "pool_data")

    def _each(self, kind: type[mesa.Agent], *decisions: str) -> None:
        """Let every agent of a kind take the decisions, one decision after the other.

        Mesa's `AgentSet.do` would also call on those whom another agent removed earlier in the same round.
        """
        for decision in decisions:
            for agent in list(self.groups[kind]):
                if not agent.left:
                    getattr(agent, decision)()

    def _levers(self) -> SimpleNamespace:
        """The levers of the month, each over its axes."""
        return SimpleNamespace(
            **{name: path[0, min(self.month, path.shape[1] - 1)] for name, path in self.world.levers.items()}
        )

    # -- Mesa's record -------------------------------------------------------------------------------------------

    def _data_collector(self, agents_watched: bool) -> DataCollector:
        by_type = {f"adoption {kind}": partial(_newest, "adoption", number) for number, kind in enumerate(TYPES)}
        lines = enumerate(self.world.lines)
        by_line = {f"capability {name}": partial(_newest, "released", number) for number, name in lines}
        return DataCollector(
            model_reporters={
                "month": "month",
                "adopted": "adopted",
                "focus_share": partial(_newest, "focus_share", None),
                **by_type,
                **by_line,
            },
            agent_reporters=WATCHED_OF_AGENTS if agents_watched else None,
        )


def _of_first_run(group: SimpleNamespace) -> SimpleNamespace:
    """The same numbers without their run axis."""
    return SimpleNamespace(**{name: values[0] for name, values in vars(group).items()})


Seed = int | np.integer | Sequence[int] | np.random.SeedSequence | np.random.Generator | np.random.BitGenerator | None
"""What Mesa takes for a seed."""


def _seed(seed: Seed, rng: Seed) -> int | None:
    """The seed of a run from what Mesa takes; None: that of the scenario.

    Raises
    ------
    ScenarioError
        When both are given, or what is given is no seed.
    """
    if seed is not None and rng is not None:
        raise refused("rng", "and seed are both given.", "Give one of them.")
    given: Any = seed if rng is None else rng
    if given is None:
        return None
    if isinstance(given, Real):  # whether it is a whole number in bounds is seen when the scenario is read
        return cast(int, given)
    if isinstance(given, np.random.Generator | np.random.BitGenerator):
        return int(np.random.default_rng(given).integers(2**63))
    try:
        sequence = given if isinstance(given, np.random.SeedSequence) else np.random.SeedSequence(list(given))
    except (TypeError, ValueError):
        what = f"is {given!r}; it must be a whole number, a generator of NumPy or a SeedSequence."
        raise refused("rng", what) from None
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _iteration() -> int:
    """The number of the iteration where `mesa.batch_run` makes this model, else 0.

    Mesa hands it to nobody, and every iteration of a model with a seed of its own would be the same world.
    """
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "mesa.batchrunner" and "iteration" in frame.f_locals:
            return int(frame.f_locals["iteration"])
        frame = frame.f_back
    return 0


def _newest(name: str, place: int | None, model: OpenLoopModel) -> float:
    """The newest value of an observable, at one place of its axis if it has one."""
    value = model.recorder.series[name][0, model.month]
    return float(value if place is None else value[place])


def _name(agent: mesa.Agent) -> str:
    return getattr(agent, "name", type(agent).__name__)


def _line(agent: mesa.Agent) -> str | None:
    return agent.primary.lab.name if getattr(agent, "primary", None) else None


def _mode(agent: mesa.Agent) -> str | None:
    return MODES[agent.primary.mode] if getattr(agent, "primary", None) else None


def _second_line(agent: mesa.Agent) -> str | None:
    return agent.secondary.lab.name if getattr(agent, "secondary", None) else None


WATCHED_OF_AGENTS = {"name": _name, "line": _line, "mode": _mode, "second_line": _second_line}
"""Columns of the data collector's table of agents."""


def simulate(
    jobs: Sequence[Job],
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    trace: bool = False,
    model: type[OpenLoopModel] = OpenLoopModel,
) -> dict[str, Array]:
    """Simulate runs one after the other; parameters and result as for `sim.engines.lockstep.engine.simulate`.

    Parameters
    ----------
    threads : has no effect: Python objects gain nothing from threads
    model : `OpenLoopModel` or a subclass with other agents
    """
    parts = []
    for scenario, replicate in jobs:
        parts.append(_run(model, scenario, replicate, trace, progress))
    return joined(parts)


def _run(
    kind: type[OpenLoopModel], scenario: Scenario, replicate: int, trace: bool, progress: Callable[[int], None] | None
) -> Part:
    """One run. A mistake in a user's own agents is reported with its place, and fails this run only."""
    model: OpenLoopModel | None = None
    try:
        model = kind(scenario, replicate=replicate, trace=trace, agents_watched=False)
        while model.running:
            model.step()
            if progress is not None:
                progress(1)
        return model.world.reactions, model.recorder.finish()
    except (Exception, SystemExit) as error:
        if kind is OpenLoopModel:
            raise
        when = "before month 0" if model is None else f"in {month_label(model.month)}"
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise RunError(
            f"{kind.__name__} failed {when}: {type(error).__name__}: {error} ({last.filename}, line {last.lineno})"
        ) from error
    finally:
        if model is not None:
            _forget(model)


def _forget(model: OpenLoopModel) -> None:
    """Free a finished model: Mesa 3.3 keeps every model for ever in the counter of its agents' numbers."""
    counters = getattr(mesa.Agent, "_ids", None)
    if counters is not None:
        counters.pop(model, None)
