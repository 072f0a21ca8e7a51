"""Loops That Matter in the running model: link and loop scores on the mean-field twin and on the ensemble's mean.

The state of the model is cut into blocks: adopters' lines, and each stock that a loop runs through. The model's own
month is the map from one state to the next. To find what one block does to another, the month is gone through once more
from the earlier state with that block alone taken from the later one: no equation is written again, and what no block
explains shows as unexplained. Every lab releases in these months, so that no link waits for a date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.loops.dominance import link_score, relative_scores, unexplained
from sim.basics.axes import N_MODES, month_label
from sim.engines.lockstep.adopters import Deciders
from sim.engines.lockstep.engine import Lockstep
from sim.engines.meanfield.engine import Cells, Mass, start
from sim.engines.world import Job, build, cell_region
from sim.experiments.loops.gains import logit
from sim.experiments.loops.plan import LoopPlan, Task

Array = np.ndarray
SHARE = "share"
TWIN, ENSEMBLE = "mean-field twin", "ensemble mean"
STEP = 6
"""Months between the two states that are compared: fewer drown in luck, more hide who led."""

EVERY = {TWIN: 3, ENSEMBLE: 6}
"""Months between two looks."""

YEAR = 12
"""Months over which steady scores are summed up: a net flow that happens to be near nought makes a single look jump."""

STOCKS: dict[str, tuple[str, ...]] = {
    "telemetry": ("telemetry",),
    "partner data": ("partner", "pool"),
    "revenue": ("revenue_share",),
    "training": ("training",),
    "ecosystem": ("ecosystem", "derivatives"),
    "word of mouth": ("region_share",),
    "awareness": ("awareness",),
    "experience": ("experience",),
    "load": ("load",),
    "borrowed": ("borrowed",),
    "capability": ("internal",),
    "fabs": ("output_total", "capacity", "chips_domestic"),
}
"""Blocks of the macro state; beside them stand the adopters' share, what peers have seen, and tenure."""

SEEN, TENURE, REST = "peers seen", "tenure", "everything else"
BLOCKS = (SHARE, SEEN, TENURE, *STOCKS)
ACCUMULATE = {
    SHARE,
    TENURE,
    "telemetry",
    "partner data",
    "training",
    "ecosystem",
    "awareness",
    "experience",
    "borrowed",
    "fabs",
}
"""Blocks that keep what they had: a cause moves their flow. The others are written anew every month."""

PATHS: dict[str, tuple[str, ...]] = {
    "R1": (SHARE, "telemetry"),
    "R1p": (SHARE, "partner data"),
    "R2": (SHARE, "revenue", "training"),
    "R3": (SHARE, "ecosystem"),
    "R4": (SHARE, "word of mouth", "awareness"),
    "R5": (SHARE, SEEN),
    "R6": (SHARE, "experience"),
    "R7": (SHARE, TENURE),
    "R8": (SHARE, "revenue", "fabs", "training"),
    "B1": (SHARE, "load"),
    "B2": (SHARE, "revenue", "training", "capability", "borrowed"),
}
"""Each loop as the blocks it runs through and back to the first. The power limit (B3) and the curvature of the data
gain (B4) have no stock of their own, and a policy reaction (B5) none that this map holds."""


@dataclass
class State:
    """All that a month starts from, for every run of an engine.

    Attributes
    ----------
    arrays : of the macro state, by name
    adopters : what adopters have; ``seen`` and ``tenure`` are blocks of their own, the rest is the share's
    """

    arrays: dict[str, Array]
    adopters: dict[str, Any]
    share_log: list[Array]

    @classmethod
    def of(cls, engine: Lockstep) -> State:
        """Take it down."""
        arrays = {name: value.copy() for name, value in vars(engine).items() if isinstance(value, np.ndarray)}
        d = engine.deciders
        if isinstance(d, Deciders):
            people = {name: value.copy() for name, value in _agents(d).items()}
            people["tenure"][people["primary"] < 0] = 0
        else:
            mass = deepcopy(d.mass)
            people = {"mass": mass, "tenure": mass, "seen": d.seen.copy()}
        # what peers do today is what is seen next month, unless the loop is cut
        passing = engine.world.until["R5"] >= engine.now.month
        people["seen"][passing] = _lines_of(engine)[passing]
        return cls(arrays, people, list(engine.line_share_log))

    def swapped(self, block: str, other: State) -> State:
        """The same, with one block of another."""
        names: set[str] = set(STOCKS.get(block, ()))
        if block == REST:
            names = set(self.arrays).difference(*STOCKS.values())
        own = {SEEN: {"seen"}, TENURE: {"tenure"}, SHARE: set(self.adopters) - {"seen", "tenure"}}.get(block, set())
        return State(
            self.arrays | {name: other.arrays[name] for name in names},
            self.adopters | {name: other.adopters[name] for name in own},
            self.share_log,
        )


def _agents(deciders: Deciders) -> dict[str, Array]:
    """Everything of agents that a month starts from: their state, and the counts that move with each switch."""
    counts = {f"count of {name}": getattr(deciders.counts, name) for name in ("primary", "secondary", "pairs")}
    return {**deciders.state._asdict(), "adopted": deciders.adopted, **counts}


def _learned(mass: Mass, tenure: Mass) -> Mass:
    """Users of one state, who have learned on the mean what those of another have."""
    made = deepcopy(mass)
    if tenure is not mass:
        users = tenure.on_line
        part = np.divide(tenure.fresh, users, out=np.ones_like(tenure.fresh), where=users > 1e-12)
        made.fresh = mass.on_line * np.clip(part, 0.0, 1.0)
    return made


def _over_nodes(deciders: Cells, name: str) -> Array:
    """Users, (run, cell, line), as a part of the adopters of a cell: ``on_line``, or ``fresh``, by first line."""
    pairs = zip(deciders.mass, deciders.nodes, strict=True)
    return np.stack([(getattr(mass, name) * nodes.weight[None, :, None]).sum(axis=1) for mass, nodes in pairs])


def _lines_of(engine: Lockstep) -> Array:
    """What peers can see, as the engine's adopters keep it: (run, adopter) lines, or (run, cell, line) users."""
    d = engine.deciders
    # nobody's option, -1, is nobody's line
    return d.state.primary // N_MODES if isinstance(d, Deciders) else _over_nodes(d, "on_line")


def put(engine: Lockstep, states: list[State], runs: int) -> None:
    """Let each stretch of ``runs`` runs of an engine stand where a state stands."""

    def joined(name: str) -> Array:
        return np.concatenate([state.adopters[name] for state in states])

    for name, value in states[0].arrays.items():
        if value.ndim and len(value) == runs:
            setattr(engine, name, np.concatenate([state.arrays[name] for state in states]))
        else:
            setattr(engine, name, value.copy())
    engine.line_share_log = [np.concatenate([share] * len(states)) for share in states[0].share_log]
    engine.history = {name: [] for name in engine.history}
    engine.months_left[:] = 0
    # peers are a block of their own: what is put here is what is seen
    engine.world.until["R5"] = np.minimum(engine.world.until["R5"], 0)
    d = engine.deciders
    d.started = True
    if isinstance(d, Deciders):
        for name, value in _agents(d).items():
            value[:] = joined(name)
    else:
        people = [(state.adopters["mass"], state.adopters["tenure"]) for state in states]
        d.mass = [_learned(*both) for masses in people for both in zip(*masses, strict=True)]
        d.seen = joined("seen")


def readings(engine: Lockstep) -> dict[str, Array]:
    """What stands in every block, (run, line) or (run,): users by line where the focus counts, and logs of stocks."""
    w, d = engine.world, engine.deciders
    counted = (w.focus_region * np.ones((w.runs, 1)))[:, cell_region][:, :, None]
    if isinstance(d, Deciders):
        lines, seen = _by_cell(engine, _lines_of(engine)), _by_cell(engine, d.state.seen)
        # parts of the most that can be learned
        skill = 1 - np.exp(-np.maximum(d.state.tenure, 0) / (w.adopter.learning_time * np.ones((w.runs, 1))))
        learned = _by_cell(engine, _lines_of(engine), skill)
    else:
        heads = w.population.count[:, :, None]
        lines, seen = _lines_of(engine) * heads, d.seen * heads
        learned = lines - _over_nodes(d, "fresh") * heads
    users = (lines * counted).sum(axis=1)

    def log(stock: Array) -> Array:
        return np.log(np.maximum(stock, 1e-9))

    abroad = w.focus_region / w.focus_region.sum(axis=1, keepdims=True)

    def mean_region(values: Array) -> Array:
        return (values * abroad[:, None, :]).sum(axis=2)

    return {
        SHARE: users,
        SEEN: (seen * counted).sum(axis=1),
        TENURE: (learned * counted).sum(axis=1) / np.maximum(users, 1e-300),
        "telemetry": log(engine.telemetry.sum(axis=(2, 3))),
        "partner data": log(engine.partner.sum(axis=2)),
        "revenue": log(engine.revenue_share),
        "training": log(engine.training),
        "ecosystem": log(engine.ecosystem),
        "word of mouth": mean_region(engine.region_share),
        "awareness": mean_region(engine.awareness),
        "experience": log(engine.experience),
        "load": engine.load,
        "borrowed": engine.borrowed,
        "capability": engine.internal,
        "fabs": log(engine.output_total)[:, w.origin],
    }


def leads(found: dict[str, Array], users: Array, focus: Array) -> Array:
    """By how much the lines in focus are ahead in every block, (run, block).

    ``users`` (run, line) weigh lines within each side; they are the same for all states of a look, or a link would
    seem to run to every block from whatever moves users.
    """
    weight = users + 1e-9 * users.sum(axis=1, keepdims=True)

    def side(values: Array, part: Array) -> Array:
        return (values * weight * part).sum(axis=1) / np.maximum((weight * part).sum(axis=1), 1e-300)

    out = []
    for name in BLOCKS:
        values = found[name]
        if name in (SHARE, SEEN):
            out.append(logit((values * focus).sum(axis=1) / np.maximum(values.sum(axis=1), 1e-300)))
        else:
            out.append(side(values, focus) - side(values, 1 - focus))
    return np.stack(out, axis=-1)


def _by_cell(engine: Lockstep, lines: Array, weight: Array | None = None) -> Array:
    """Adopters, or what they weigh, by cell and line, (run, cell, line), from the line of each or -1."""
    w, n_lines, n_cells = engine.world, len(engine.world.lines), len(cell_region)
    cell = w.population.cell.astype(int) + n_cells * np.arange(w.runs)[:, None]
    held = lines >= 0
    spot = cell[held] * n_lines + lines[held]
    weights = None if weight is None else weight[held]
    return np.bincount(spot, weights, minlength=w.runs * n_cells * n_lines).reshape(w.runs, n_cells, n_lines)


def link_parts(plan: LoopPlan, graph: str) -> dict[str, Array]:
    """What every block does to every other, look by look, on the twin or over an ensemble.

    Returns
    -------
    months : (look,)
    partial : (look, cause, block) part of the change of a block's next reading that a cause brings about; causes are
        the blocks, everything else, and the calendar
    change : (look, block) that change; of the flow for what accumulates
    moved : (look, block) change of the block's own reading between the two states
        All are means over replicates.
    """
    causes = (*BLOCKS, REST)
    seeds = 1 if graph == TWIN else plan.dominance_seeds
    jobs = [(plan.scenario, seed) for seed in range(seeds)]
    # what governments have in force stays out of the map
    calm = plan.scenario.model_copy(update={"reactions": ()})
    still = [(calm, seed) for seed in range(seeds)]
    if graph == TWIN:
        main, one, many = start(jobs, 1, 1), start(still, 1, 1), start(still * (len(causes) + 2), 1, 1)
    else:
        main, one, many = Lockstep(build(jobs)), _seeing(still), _seeing(still * (len(causes) + 2))
    past: list[tuple[State, dict[str, Array]]] = []
    looks: list[dict[str, Array]] = []
    for month in range(plan.scenario.run.months):
        if len(past) == STEP and month % EVERY[graph] == 0:
            now, reads = State.of(main), (past[0][1], readings(main))
            look = _one_look(one, many, (past[0][0], now), month, reads, causes)
            looks.append({"months": np.array(month), **look})
        if month:
            past = [*past[-(STEP - 1) :], (State.of(main), readings(main))]
        main.advance(month)
    return {name: np.array([look[name] for look in looks]) for name in ("months", "partial", "change", "moved")}


def _seeing(jobs: Sequence[Job]) -> Lockstep:
    """An engine in which what peers see is a state of its own."""
    world = build(jobs)
    return Lockstep(replace(world, until={**world.until, "R5": np.minimum(world.until["R5"], 0)}))


def _one_look(
    one: Lockstep,
    many: Lockstep,
    states: tuple[State, State],
    month: int,
    reads: tuple[dict, dict],
    causes: tuple[str, ...],
) -> dict[str, Array]:
    """Go through the month from the earlier state, with and without each block of the later one."""
    earlier, later = states
    runs = one.world.runs
    users, focus = reads[0][SHARE], one.world.focus_line * np.ones((runs, 1))

    def after(engine: Lockstep, started: list[State], at: int) -> Array:
        put(engine, started, runs)
        engine.advance(at)
        count = len(started)
        led = leads(readings(engine), np.tile(users, (count, 1)), np.tile(focus, (count, 1)))
        return led.reshape(count, runs, len(BLOCKS))

    then = after(one, [earlier], month - STEP)[0]
    ends = after(many, [earlier, later, *(earlier.swapped(cause, later) for cause in causes)], month)
    stays = np.array([name in ACCUMULATE for name in BLOCKS])
    before, now = (leads(read, users, focus) for read in reads)

    def flow(end, begin):
        return np.where(stays, end - begin, end)

    partial = ends[2:] - ends[0]
    for own, name in enumerate(BLOCKS):  # what a stock does to its own flow
        if stays[own]:
            partial[causes.index(name), :, own] -= (now - before)[:, own]
    partial = np.concatenate([partial, (ends[0] - then)[None]])
    change = flow(ends[1], now) - flow(then, before)
    return {
        "partial": partial.mean(axis=1),
        "change": change.mean(axis=0),
        "moved": (now - before).mean(axis=0),
    }


def tasks_of(plan: LoopPlan) -> list[Task]:
    """One piece for the twin, one for the ensemble."""
    months, copies = plan.scenario.run.months, len(BLOCKS) + 4
    size = plan.dominance_seeds * months * (1 + copies // EVERY[ENSEMBLE])
    twin = Task("dominance-twin", 50 * months, partial(link_parts, plan, TWIN))
    ensemble = Task("dominance-ensemble", size, partial(link_parts, plan, ENSEMBLE))
    return [twin, ensemble] if plan.dominance_seeds else [twin]


def score_table(parts: dict[str, Array], graph: str, loops: Sequence[str] = tuple(PATHS)) -> pd.DataFrame:
    """Loop scores by look.

    ``score`` is the product of link scores, ``relative`` its part of the sum of sizes, ``steady`` the same from links
    that are measured over a year against everything that moves their target, so that they cannot exceed one, and
    ``unexplained`` the part of the share's change that no cause explains.
    """
    at = {name: place for place, name in enumerate(BLOCKS)}
    partial, change, moved = parts["partial"], parts["change"], parts["moved"]
    size = np.abs(partial).sum(axis=1)
    near = np.abs(parts["months"][:, None] - parts["months"][None]) <= YEAR // 2

    def link(source: str, target: str) -> Array:
        return link_score(partial[:, at[source], at[target]], change[:, at[target]], moved[:, at[source]])

    def steady(source: str, target: str) -> Array:
        signed = partial[:, at[source], at[target]] * np.sign(moved[:, at[source]])
        return (near @ signed) / np.maximum(near @ size[:, at[target]], 1e-300)

    def along(path: tuple[str, ...], score: Callable[[str, str], Array]) -> Array:
        links = zip(path, (*path[1:], path[0]), strict=True)
        # peers see what there is: the score of that link is one
        return np.prod([score(*ends) for ends in links if ends != (SHARE, SEEN)], axis=0)

    known = [loop for loop in loops if loop in PATHS]
    scores = np.stack([along(PATHS[loop], link) for loop in known])
    relative = relative_scores(scores)
    year = relative_scores(np.stack([along(PATHS[loop], steady) for loop in known]))
    left = unexplained(np.swapaxes(partial[:, :, at[SHARE]], 0, 1), change[:, at[SHARE]])
    return pd.DataFrame(
        [
            {
                "graph": graph,
                "month": int(month),
                "date": month_label(int(month)),
                "loop": loop,
                "score": scores[place, look],
                "relative": relative[place, look],
                "steady": year[place, look],
                "unexplained": left[look],
            }
            for look, month in enumerate(parts["months"])
            for place, loop in enumerate(known)
        ]
    )
