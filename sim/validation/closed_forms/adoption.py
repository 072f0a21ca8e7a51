"""V1 and V2: a technology that spreads by itself and by imitation follows Bass (bass1969)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.engines.lockstep.engine import simulate
from sim.engines.meanfield.engine import simulate as mean_field
from sim.engines.world import build
from sim.model.rules.adoption import probability
from sim.model.rules.choice import arrival_hazard
from sim.scenario import Scenario
from sim.validation.checks import Row, close, verifies, within
from sim.validation.restricted_scenarios import everybody, restricted_scenario

INNOVATION, IMITATION = 0.006, 0.06


def one_line(months: int, adopters: int, innovation: float, imitation: float, start: float = 0.0) -> Scenario:
    """One line that everybody takes at the first look and nobody ever reviews."""
    kinds = {
        "innovation": innovation,
        "imitation": imitation,
        "review_rate": 0.0,
        "initial_adoption": start,
        "outside_value": -90.0,
    }
    return restricted_scenario({"US-closed-A": {}}, months, adopters, **everybody(kinds))


def recursion(months: int, innovation: float, imitation: float, step: float = 1.0, start: float = 0.0) -> np.ndarray:
    """Adopted part at every step by the package's hazard, when all peers adopt as the whole population does."""
    share, curve = start, [start]
    for _ in range(round(months / step)):
        share += float(
            probability(
                hazard=arrival_hazard(
                    innovation=innovation, imitation=imitation, peer_adoption=share, global_adoption=share
                ),
                months=step,
            )
        ) * (1 - share)
        curve.append(share)
    return np.array(curve)


def bass(months: np.ndarray, p: float, q: float) -> np.ndarray:
    """Adopted part in the continuous Bass model, (month,) -> (month,); ``p`` and ``q`` in 1/month."""
    decay = np.exp(-(p + q) * months)
    return (1 - decay) / (1 + q / p * decay)


@verifies("V1", source="bass1969")
def the_monthly_recursion_leaves_the_bass_curve_by_no_more_than_its_step() -> Iterator[Row]:
    """F' = F + (p + qF)(1 - F) per step; its error against the continuous curve is of first order in the step."""
    for step, error in ((1.0, 0.0101), (0.5, 0.0050), (0.25, 0.0025)):
        curve = recursion(200, INNOVATION, IMITATION, step)
        worst = np.abs(curve - bass(np.arange(len(curve)) * step, INNOVATION, IMITATION)).max()
        yield close(f"largest error at steps of {step:g} months", error, worst, within=6e-5)


@verifies("V1", source="bass1969")
def cells_adopt_exactly_as_the_recursion_says() -> Iterator[Row]:
    """In the mean-field twin F' = F + (p + qF)(1 - F) holds to rounding."""
    cells = mean_field([(one_line(100, 1000, INNOVATION, IMITATION), 0)])["installed_base"][0].sum(axis=1)
    share, curve = 0.0, []
    for _ in range(100):
        share += (INNOVATION + IMITATION * share) * (1 - share)
        curve.append(share)
    expected = np.array(curve)
    yield close("largest error of 100 months", 0.0, np.abs(cells - expected).max(), within=1e-12)
    half = int((expected >= 0.5).argmax())
    yield close("adopted at half time", expected[half], cells[half], within=1e-12)


@verifies("V1", source="bass1969")
def as_many_agents_look_every_month_as_the_hazards_of_those_who_wait_say() -> Iterator[Row]:
    """Given who has adopted, each who waits looks with p + q (peers + world) / 2, so what is above it is chance."""
    months = 90
    jobs = [(one_line(months, 6000, INNOVATION, IMITATION, start=0.02), replicate) for replicate in range(3)]
    primary, people = simulate(jobs, trace=True)["trace_primary"], build(jobs).population
    scores = []
    for run in range(len(jobs)):
        adopted = primary[run] >= 0
        for month in range(1, months):
            before = adopted[month - 1]
            by_peers, by_all = before[people.peers[run]].mean(axis=1), before.mean()
            hazard = (INNOVATION + IMITATION * (by_peers + by_all) / 2)[~before]
            surplus, variance = adopted[month, ~before] - hazard, hazard * (1 - hazard)
            ahead = (by_peers - by_all)[~before]
            scores.append((surplus.sum() / np.sqrt(variance.sum()), surplus @ ahead / np.sqrt(variance @ ahead**2)))
    for name, score in zip(("of all", "of those whose peers are ahead of the world"), np.array(scores).T, strict=True):
        mean = score.sum() / np.sqrt(score.size)
        yield within(f"surplus {name}, standard errors", -4, 4, mean)
        spread = (score**2).sum()
        slack = 4 * np.sqrt(2 * score.size)
        yield within(f"spread {name}, sum of squares", score.size - slack, score.size + slack, spread)


@verifies("V1", source="bass1969")
def agents_adopt_within_chance_of_the_recursion() -> Iterator[Row]:
    """Within four standard errors every month: exactly by p alone; by p and q up to what finite groups of peers cost,
    for those who wait have fewer adopted peers than the mean, which slows the spread a little."""
    adopters, months = 20_000, 60
    share = simulate([(one_line(months, adopters, 0.03, 0.0), 0)], keep=["installed_base"])["installed_base"][0].sum(
        axis=1
    )
    expected = 1 - (1 - 0.03) ** np.arange(1, months + 1)
    error = np.sqrt(expected * (1 - expected) / adopters)
    yield within("p alone: largest distance, standard errors", 0, 4, (np.abs(share - expected) / error).max())
    replicates, adopters, months = 12, 2000, 100
    expected = recursion(months, INNOVATION, IMITATION)[1:]
    scenario = one_line(months, adopters, INNOVATION, IMITATION)
    shares = simulate([(scenario, replicate) for replicate in range(replicates)], keep=["installed_base"])[
        "installed_base"
    ].sum(axis=2)
    error = shares.std(axis=0, ddof=1) / np.sqrt(replicates)
    excess = np.maximum(np.abs(shares.mean(axis=0) - expected) - 0.012, 0.0) / error
    yield within("p and q: largest distance beyond 0.012, standard errors", 0, 4, excess.max())


@verifies("V2", source="bass1969")
def half_time_and_peak_are_where_bass_puts_them() -> Iterator[Row]:
    """t_peak = ln(q/p) / (p+q), and t(F) = ln((1 + (q/p)F) / (1 - F)) / (p+q)."""
    p, q, step = INNOVATION, IMITATION, 1 / 64
    curve = recursion(150, p, q, step)
    months = np.arange(len(curve)) * step
    peak = months[np.gradient(curve).argmax()]
    yield close("month of most adoptions", np.log(q / p) / (p + q), peak, within=0.1, unit="months")
    for part in (0.1, 0.5, 0.9):
        closed = np.log((1 + q / p * part) / (1 - part)) / (p + q)
        yield close(
            f"month in which {part:.0%} have adopted",
            closed,
            months[(curve >= part).argmax()],
            within=0.1,
            unit="months",
        )


@verifies("V2")
def imitation_alone_takes_ln_81_over_its_hazard_from_a_tenth_to_nine_tenths() -> Iterator[Row]:
    """A logistic of rate r rises from 10% to 90% in ln 81 / r."""
    step = 1 / 64
    for rate in (0.05, 0.1):
        curve = recursion(300, 0.0, rate, step, start=0.001)
        tenth, nine_tenths = (float((curve >= part).argmax() * step) for part in (0.1, 0.9))
        taken = nine_tenths - tenth
        yield close(f"10 to 90% at q = {rate:g}", np.log(81) / rate, taken, within=0.1, unit="months")
