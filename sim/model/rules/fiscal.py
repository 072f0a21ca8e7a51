"""Public money: the cost of a government's policies (end of section 11 of the model description)."""

from __future__ import annotations

from sim.basics.equations import Array


def public_outlay(programmes: Array, capex: Array, boost: Array, subsidies: Array, tokens: Array) -> Array:
    """Public money spent. Tax revenue and welfare are not subtracted.

    Parameters
    ----------
    programmes : (run, region)
        Spending that policies state themselves, such as grants. [$B/month]
    capex, boost : (run, region)
        AI capital expenditure [$B/month], and what policy adds to it, as a part of expenditure without policy. [1]
    subsidies : (run, region)
        Subsidy per unit times usage, including what sellers capture. [$/Mtoken sector-years/month]
    tokens : (run, 1)
        Tokens in a sector-year. [Ttoken/sector-year]

    Returns
    -------
    outlay : (run, region) [$B/month]
    """
    return programmes + capex * boost / (1 + boost) + subsidies * tokens * 1e-3
