"""Public money: the cost of a government's policies (end of section 11 of the model description)."""

from __future__ import annotations

from sim.basics.equations import Array


def public_outlay(programmes: Array, capex: Array, boost: Array, subsidies: Array, tokens: Array) -> Array:
    """Public money spent; never netted against tax revenue or welfare.

    Parameters
    ----------
    programmes : (run, region)
        What policies book themselves, such as grants. [$B/month]
    capex, boost : (run, region)
        AI capital expenditure [$B/month], and the addition to it that policy pays, as part of what it adds to. [1]
    subsidies : (run, region)
        Price times subsidised usage, what sellers capture included. [$/Mtoken sector-years/month]
    tokens : (run, 1)
        Tokens in a sector-year. [Ttoken/sector-year]

    Returns
    -------
    outlay : (run, region) [$B/month]
    """
    return programmes + capex * boost / (1 + boost) + subsidies * tokens * 1e-3
