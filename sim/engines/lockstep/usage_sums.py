"""Usage summed over cells: tables of usage, revenue, and the data that come back to labs and pools.

The equations are in `sim.model.rules.usage`. They are linear in usage, so their value for one unit is computed before,
and the compiled loops only multiply and add. They go cell after cell, so a result does not depend on the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from sim.basics.axes import API, HOSTED, N_MODES, REGIONS, SECTORS, SELF_HOSTED
from sim.basics.compiled import kept
from sim.basics.equations import Array
from sim.model.agents.adopter_types import CELL_REGION, CELL_SECTOR

_REGION, _SECTOR = np.array(CELL_REGION), np.array(CELL_SECTOR)
_jit = kept(numba.njit, nogil=True)


# The compiled loops add into arrays of zeros that the caller made, which spares Numba the shapes.


@_jit
def _spread(used, price, region, sector, by_line, table, api, revenue):
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
def _return(power, unit, captured, partner, mandate, home, region, sector, caught, shared, pooled):
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


def spread(used: Array, price: Array) -> UsageSums:
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
    _spread(used, price, _REGION, _SECTOR, out.by_line, out.table, out.api, out.revenue)
    return out


def returned(
    power: Array, unit: Array, captured: Array, partner: Array, mandate: Array, home: Array
) -> tuple[Array, Array, Array]:
    """Data that usage returns to labs, to partners and to pools [sector-years/month].

    Parameters
    ----------
    power : (run, cell, line, mode) sum of usage to the sector's diversity exponent
    unit : (run, sector) what a unit of that counts as usage that teaches
    captured : (run or 1, cell, mode) part that labs see of usage that teaches
    partner : (run or 1,) part that users of open weights hand to labs at home
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
    _return(
        power, unit, _plain(captured), _plain(partner), _plain(mandate), home, _REGION, _SECTOR, caught, shared, pooled
    )
    return caught, shared, pooled


def _plain(array: Array) -> Array:
    """A writable array in C order: for any other kind Numba would compile a second version."""
    return array if array.flags.carray else np.array(array, order="C")
