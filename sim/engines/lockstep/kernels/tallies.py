"""Stage 4: take up what was chosen, and tally what everybody uses."""

from __future__ import annotations

import numpy as np

from sim.basics.axes import N_MODES
from sim.engines.lockstep.kernels.structures import NEVER, part
from sim.model.rules.elementary import exp, power
from sim.model.rules.usage import usage_rate


@part
def clear_counts(new, moved, began, choosers, surplus):
    """Start the counts of a month's events from zero."""
    for c in range(moved.size):
        for k in range(new.shape[1]):
            new[c, k] = 0
        moved[c], began[c], choosers[c], surplus[c] = 0, 0, 0, 0.0


@part
def take_up(unit, chosen, primary, secondary, tenure, age, starting, tally, scratch):
    """Give choosers what they picked, and move the counts of who uses what with them.

    The counts are whole numbers and only choosers change them, so nobody else need be counted again.
    """
    n_primary, n_secondary, pairs = tally.primary[unit], tally.secondary[unit], tally.pairs[unit]
    n_new, moved, began = tally.new[unit], tally.moved[unit], tally.began[unit]
    no_second = pairs.shape[1]
    for g in range(scratch.segment.shape[0]):
        if scratch.segment[g, 0] < 0:
            break
        c = scratch.segment[g, 2]
        for n in range(scratch.segment[g, 0], scratch.segment[g, 1]):
            i = chosen[n]
            k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
            new1, new2 = scratch.picked[0, n], scratch.picked[1, n]
            line, line1 = new1 // N_MODES if new1 >= 0 else np.int64(-1), scratch.line1[n]
            if k1 >= 0:
                n_primary[c, k1] -= 1
                pairs[c, line1, scratch.line2[n] if k2 >= 0 else no_second] -= 1
            if k2 >= 0:
                n_secondary[c, k2] -= 1
            if new1 >= 0:
                n_primary[c, new1] += 1
                pairs[c, line, new2 // N_MODES if new2 >= 0 else no_second] += 1
                # age runs from the first adoption, even if the adopter leaves in between
                if line1 < 0 and age[i] == NEVER:
                    age[i] = 0
            if new2 >= 0:
                n_secondary[c, new2] += 1
            # what early adopters hold before month 0 is no event of a month
            if not starting:
                if new1 >= 0 and new1 != k1 and new1 != k2:
                    n_new[c, new1] += 1
                if new2 >= 0 and new2 != k1 and new2 != k2:
                    n_new[c, new2] += 1
                if line1 < 0 and line >= 0:
                    began[c] += 1
                if line1 >= 0 and line >= 0 and line != line1:
                    moved[c] += 1
            if line != line1:
                tenure[i] = 0
            primary[i], secondary[i] = new1, new2


@part
def tally_usage(unit, r, first, last, people, state, fixed, tables, tally, scratch):
    """Tally everybody's usage by cell and option, and the sum of its power to the sector's diversity exponent.

    Usage is a product of size, ramp, slot weight, coverage and cost, so its power is the product of their powers, most
    of which are in tables (`sim.model.rules.usage.effective_usage`). What the cell shares is multiplied in at the end.
    """
    begin, own_hosting = people.begin[r], people.own_hosting[r]
    size, size_power, ages = people.size[r], people.size_power[r], state.age[r]
    primary, secondary = state.primary[r], state.secondary[r]
    ramp, slot, elasticity = fixed.ramp[r], fixed.slot[r], fixed.elasticity[r]
    coverage, log_cost, diversity = tables.coverage[r], tables.log_cost[r], fixed.diversity[r]
    sums, at_own_site = scratch.sums, scratch.at_own_site
    covered, rate, rate_power = scratch.covered, scratch.rate, scratch.rate_power
    used, used_power = tally.used[unit], tally.used_power[unit]
    for c in range(begin.size - 1):
        low, high = max(first, begin[c]), min(last, begin[c + 1])
        if low >= high:
            continue
        s = fixed.cell_sector[c]
        ramp_power, slot_power = fixed.ramp_power[r, s], fixed.slot_power[r, s]
        elasticity_power = fixed.elasticity_power[r, s]
        for k in range(sums.shape[2]):
            sums[0, 0, k], sums[0, 1, k], sums[1, 0, k], sums[1, 1, k] = 0.0, 0.0, 0.0, 0.0
        for i in range(low, high):
            k1, k2 = np.int64(primary[i]), np.int64(secondary[i])
            # Neighbours add to two sums in turn, so that an addition need not wait for the one before it. Those without
            # an option add to place 0, which nobody reads: that is cheaper than asking.
            turn, two = i & 1, k2 >= 0
            amount, teaching = size[i] * ramp[ages[i]], size_power[i] * ramp_power[ages[i]]
            amount1, power1 = amount * slot[1 if two else 0], teaching * slot_power[1 if two else 0]
            amount2, power2 = amount * slot[2], teaching * slot_power[2]
            # only those who host themselves have a cost of their own, so most need no exponential
            if at_own_site[k1 + 1] | at_own_site[k2 + 1]:
                damping, damping_power = exp(-elasticity * own_hosting[i]), exp(-elasticity_power * own_hosting[i])
                if at_own_site[k1 + 1]:
                    amount1, power1 = amount1 * damping, power1 * damping_power
                if at_own_site[k2 + 1]:
                    amount2, power2 = amount2 * damping, power2 * damping_power
            sums[0, turn, k1 + 1] += amount1
            sums[1, turn, k1 + 1] += power1
            sums[0, turn, k2 + 1] += amount2
            sums[1, turn, k2 + 1] += power2
        for j in range(coverage.shape[1]):
            for m in range(N_MODES):
                covered[j * N_MODES + m] = coverage[s, j]
        rates_of_options(rate, rate_power, covered, log_cost[c], elasticity, diversity[s], used.shape[1])
        for k in range(used.shape[1]):
            used[c, k] = (sums[0, 0, k + 1] + sums[0, 1, k + 1]) * rate[k]
            used_power[c, k] = (sums[1, 0, k + 1] + sums[1, 1, k + 1]) * rate_power[k]


@part
def rates_of_options(rate, rate_power, coverage, log_cost, elasticity, diversity, n):
    """Usage of every option by an adopter of unit size, and its power to the sector's diversity exponent."""
    # two loops, so that each stays simple enough for vector instructions
    for k in range(n):
        rate[k] = usage_rate(coverage=coverage[k], log_cost=log_cost[k], elasticity=elasticity)
    for k in range(n):
        rate_power[k] = power(x=rate[k], exponent=diversity)


@part
def pass_month(tenure, age, growing, longest):
    """Let a month pass for tenure and age; both stop at ``longest``, and an age of `NEVER` lies beyond it."""
    for i in range(age.size):
        tenure[i] += growing and tenure[i] < longest
        age[i] += age[i] < longest
