"""Whether the paired intervals of real comparisons hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.analysis.outcomes import CEILINGS, OUTCOMES
from sim.analysis.paired import paired_difference
from sim.analysis.scurves.ceilings import Ceilings
from sim.engines import engine
from sim.experiments.compare.comparison import PairedRuns, at_time, make_plan

REPLICATES, MONTHS, ADOPTERS = 40, 48, 500
FEWEST_GROUPS = 50
"""Groups whose common mean is close enough to the truth: it moves the coverage by less than a percentage point."""
OTHERS = ["no-control", "us-open-push"]


@pytest.mark.campaign
def test_paired_intervals_and_ceilings_hold_the_truth_over_200_groups_of_replicates(campaign_cases, capsys):
    """Draws are keyed by replicate, so that replicates 40 to 79 are as good as replicates 0 to 39 of another seed."""
    cases = campaign_cases(200)
    groups = max(cases.count, FEWEST_GROUPS)
    settings = {"months": MONTHS, "adopters": ADOPTERS, "seed": cases.seed, "replicates": REPLICATES * groups}
    plan = make_plan("baseline", OTHERS, (), settings)
    luck = PairedRuns(plan, engine("lockstep"))
    luck.extend(plan.base.run.replicates)
    runs, _ = luck.collected()
    parts = [slice(start, start + REPLICATES) for start in range(0, REPLICATES * groups, REPLICATES)]
    held, whole = {name: [] for name in OTHERS}, Ceilings(runs)
    for name in OTHERS:
        for outcome in OUTCOMES.values():
            base, other = (at_time(runs[scenario], outcome, plan.at[-1]) for scenario in ("baseline", name))
            truth = paired_difference(base, other).difference
            found = [paired_difference(base[part], other[part]) for part in parts]
            # where all runs of a group are identical, that is what is said, and there is no interval
            held[name] += [pair.low <= truth <= pair.high for pair in found if pair.runs > 1 and not pair.identical]
    ceilings, mistaken, asked = [], 0, 0
    for part in parts[: cases.count]:
        some = Ceilings({name: values.isel(run=part) for name, values in runs.items()})
        for name in OTHERS:
            for outcome in CEILINGS:
                pair, _ = some.compare("baseline", name, outcome)
                truth, _ = whole.compare("baseline", name, outcome)
                asked += truth is None
                if pair is not None and truth is not None:
                    ceilings.append(pair.low <= truth.difference <= pair.high)
                mistaken += pair is not None and truth is None
    with capsys.disabled():
        print()
        for name, of in held.items():
            print(f"baseline against {name}: {np.mean(of):.1%} of {len(of):,} intervals hold the truth")
        print(f"ceilings: {sum(ceilings)} of {len(ceilings)} intervals hold the truth")
        print(f"{mistaken} of {asked} are told that cannot be told from all runs")
    assert 0.93 <= np.mean([one for of in held.values() for one in of]) <= 0.97
    assert mistaken <= 0.05 * asked
    # fewer only where chance alone would do it: less than once in a hundred, if they hold in 90%
    assert stats.binom.cdf(sum(ceilings), len(ceilings), 0.9) > 0.01
