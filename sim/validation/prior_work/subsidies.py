"""X7: who gets the subsidy (xu2025)."""

from __future__ import annotations

from collections.abc import Iterator

from sim.engines.lockstep.engine import simulate
from sim.model.agents.adopter_types import TYPES
from sim.scenario.resolve import from_mapping
from sim.validation.checks import Row, reproduces, steady, within

PASSED_ON = (0.0, 0.25, 0.5, 0.75, 1.0)


@reproduces("X7", source="xu2025", slow=True)
def what_a_subsidy_does_not_pass_on_ends_in_the_incumbents_markup() -> Iterator[Row]:
    """Subsidies for adopting models are captured by the incumbent: its markup rises, and as less is passed on the gain
    in adoption goes to nothing (Xu and others 2025)."""
    world = {
        "run": {"months": 72, "adopters": 3000, "seed": 7},
        "parameters": {"prices": {"markup_rule": "adaptive"}},
    }
    paid = {"kind": "adoption_subsidy", "actor": "US", "start": 12, "strength": 0.5}
    jobs = [from_mapping(world, name="none")]
    jobs += [from_mapping({**world, "policies": [{**paid, "passed_on": part}]}, name=f"{part}") for part in PASSED_ON]
    runs = 16
    out = simulate([(scenario, run) for scenario in jobs for run in range(runs)])
    lines = list(jobs[0].roster)
    markup = out["markup"][..., lines.index("US-closed-A")][:, 24:].mean(axis=1).reshape(len(jobs), runs)
    # firms are the ones for whom price decides; startups adopt anyhow
    adoption = out["adoption_by_region"][:, 24:, 0, TYPES.index("startup")].mean(axis=1).reshape(len(jobs), runs)
    raised = {part: float((markup[n + 1] / markup[0] - 1).mean()) for n, part in enumerate(PASSED_ON)}
    gained = {part: float(100 * (adoption[n + 1] - adoption[0]).mean()) for n, part in enumerate(PASSED_ON)}
    yield within("nothing passed on: rise of the incumbent's markup", 0.05, 1.0, raised[0.0])
    yield steady("the less is passed on, the higher the markup", "falls", raised, ".3g")
    # what is captured makes lines dearer at home, so that adoption may even lose a little
    yield within("nothing passed on: gain in adoption, percentage points", -0.6, 0.1, gained[0.0])
    yield steady("the more is passed on, the more adopt", "rises", gained, ".3g")
    yield within("all passed on: gain in adoption, percentage points", 1, 100, gained[1.0])
