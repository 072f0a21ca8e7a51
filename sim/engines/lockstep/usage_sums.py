"""Usage summed over cells: tables of usage, revenue, and the data that labs and pools collect.

The equations are in `sim.model.rules.usage`. They are linear in usage, so the engine computes their value for one unit,
and the compiled loops only multiply and add. They go cell after cell, so a result does not depend on the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from sim.basics.axes import API, HOSTED, N_MODES, REGIONS, SECTORS, SELF_HOSTED
from sim.basics.compiled import kept
from sim.basics.equations import Array
from sim.engines.cells import plain
from sim.engines.world import cell_region, cell_sector

_jit = kept(numba.njit, nogil=True)


# The compiled loops add into arrays of zeros that the caller made, which spares Numba the shapes.


@_jit
def _sum_usage(used, price, region, sector, by_line, table, api, revenue):
    for run in range(used.shape[0]):
        for cell in range(used.shape[1]):
            g, s = region[cell], sector[cell]
            for j in range(used.shape[2]):
                for m in range(N_MODES):
                    by_line[run, cell, j] += used[run, cell, j, m]
                    table[run, g, s, j, m] += used[run, cell, j, m]
                api[run, j] += used[run, cell, j, API]
                revenue[run, j] += price[run, g, j, API] * used[run, cell, j, API]


@_jit
def _collect_data(power, unit, captured, partner, mandate, home, region, sector, caught, shared, pooled):
    for run in range(power.shape[0]):
        # the leading axis is 1 where all runs agree
        rates, partners = captured[min(run, len(captured) - 1)], partner[min(run, len(partner) - 1)]
        mandates = mandate[min(run, len(mandate) - 1)]
        for cell in range(power.shape[1]):
            g, s = region[cell], sector[cell]
            everything = 0.0
            for j in range(power.shape[2]):
                for m in range(N_MODES):
                    effective = power[run, cell, j, m] * unit[run, s]
                    everything += effective
                    caught[run, j, s, m] += effective * rates[cell, m]
                if home[j] == g:
                    deployed = power[run, cell, j, HOSTED] + power[run, cell, j, SELF_HOSTED]
                    shared[run, j, s] += partners * deployed * unit[run, s]
            pooled[run, g, s] += mandates[g, s] * everything


class UsageSums(NamedTuple):
    """Usage by coarser axes.

    Attributes
    ----------
    by_line : (run, cell, line) [sector-years/month]
    table : (run, region, sector, line, mode) [sector-years/month]
    api : (run, line) usage of the line's own API [sector-years/month]
    revenue : (run, line) of the API [sector-years/month times $/Mtoken]
    """

    by_line: Array
    table: Array
    api: Array
    revenue: Array


def sum_usage(used: Array, price: Array) -> UsageSums:
    """Sum usage to coarser axes, and price the use of APIs.

    Parameters
    ----------
    used : (run, cell, line, mode) [sector-years/month]
    price : (run, region, line, mode) [$/Mtoken]
    """
    runs, cells, lines, _ = used.shape
    out = UsageSums(
        by_line=np.zeros((runs, cells, lines)),
        table=np.zeros((runs, len(REGIONS), len(SECTORS), lines, N_MODES)),
        api=np.zeros((runs, lines)),
        revenue=np.zeros((runs, lines)),
    )
    _sum_usage(used, price, cell_region, cell_sector, out.by_line, out.table, out.api, out.revenue)
    return out


def collected_data(
    power: Array, unit: Array, captured: Array, partner: Array, mandate: Array, home: Array
) -> tuple[Array, Array, Array]:
    """Data of a month that labs capture, that partners hand to labs at home, and that go to pools [sector-years/month].

    Parameters
    ----------
    power : (run, cell, line, mode) sum over adopters of usage to the sector's diversity exponent
    unit : (run, sector) effective usage for each unit of that sum; see `sim.model.rules.usage.effective_usage`
    captured : (run or 1, cell, mode) part of effective usage that labs capture
    partner : (run or 1,) part that users of open weights at home hand to the lab
    mandate : (run or 1, region, sector) part that goes to the region's pool
    home : (line,) number of the region

    Returns
    -------
    caught : (run, line, sector, mode); shared : (run, line, sector); pooled : (run, region, sector)
    """
    runs, _, lines, _ = power.shape
    caught = np.zeros((runs, lines, len(SECTORS), N_MODES))
    shared = np.zeros((runs, lines, len(SECTORS)))
    pooled = np.zeros((runs, len(REGIONS), len(SECTORS)))
    _collect_data(
        power,
        unit,
        plain(captured),
        plain(partner),
        plain(mandate),
        home,
        cell_region,
        cell_sector,
        caught,
        shared,
        pooled,
    )
    return caught, shared, pooled
