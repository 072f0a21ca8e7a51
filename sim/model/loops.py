"""The feedback loops, and the switch that opens each of them.

A loop is cut at its *signal*, named below, where behaviour enters the term that receives it. ``live`` passes the signal
on, ``frozen@t`` holds it at its value of month t, and ``off`` holds it at its neutral value from the start. Stocks
before the cut go on changing, so a cut loop can still be measured (section 8 of the model description).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sim.basics.axes import month_label, month_number


@dataclass(frozen=True)
class Loop:
    """One feedback loop of the register."""

    key: str
    name: str
    path: str
    sign: Literal["+", "-"]
    signal: str
    neutral: str


_REGISTER = (
    Loop("R1", "lab-captured data", "share -> usage -> telemetry -> sector capability -> utility", "+",
         "telemetry data in the data gain", "no data"),
    Loop("R1p", "partner and pooled data", "regional usage -> partner and pooled data -> domestic labs -> utility", "+",
         "partner and pooled data in the data gain", "no data"),
    Loop("R2", "revenue and compute", "share -> revenue -> compute -> capability -> utility", "+",
         "revenue shares in compute and capex", "equal shares of lines, no response of capex"),
    Loop("R3", "ecosystem", "startups' share -> ecosystem and derivatives -> utility, capability", "+",
         "startups' line shares and derivatives", "equal shares, no derivatives"),
    Loop("R4", "awareness", "share -> awareness -> consideration -> share", "+",
         "regional share in word of mouth", "no word of mouth"),
    Loop("R5", "peers", "neighbours' share -> utility", "+", "peers' lines in utility", "no peer effect"),
    Loop("R6", "experience", "usage -> experience -> cost -> utility", "+", "experience in cost", "initial experience"),
    Loop("R7", "within-user learning", "tenure -> worth of staying", "+", "tenure", "no tenure"),
    Loop("R8", "protected chip learning", "controls -> domestic demand -> cost and capacity -> compute", "+",
         "cumulative output and capacity", "their values of month 0"),
    Loop("B1", "congestion", "API usage -> load -> price", "-", "load in the API price", "no overload"),
    Loop("B2", "spillover", "lead -> borrowed capability of followers", "-", "borrowed capability", "none borrowed"),
    Loop("B3", "power limit", "chips -> power -> usable compute", "-", "powered share of chips", "all powered"),
    Loop("B4", "diminishing returns and decay of data", "inside the data gain", "-",
         "curvature of the data gain and decay", "constant returns at the initial chord, no decay"),
    Loop("B5", "policy reaction", "exposure -> friction -> share", "-", "strength of reactions", "no reaction"),
)  # fmt: skip

LOOPS: dict[str, Loop] = {loop.key: loop for loop in _REGISTER}

ALWAYS = 1 << 30
"""``until`` of a loop that is never cut: later than any month."""


@dataclass(frozen=True)
class Switch:
    """State of one loop: live, frozen at a month, or off. ``until`` is the last month in which the signal passes."""

    until: int = ALWAYS

    @classmethod
    def parse(cls, text: str) -> Switch:
        """``live``, ``off`` or ``frozen@2026-01`` (also ``frozen@24``).

        Raises
        ------
        ValueError
            When the text is none of these.
        """
        if text == "live":
            return cls()
        if text == "off":
            return cls(-1)
        match = re.fullmatch(r"frozen@(\d{4}-\d{2}|\d+)", text)
        if not match:
            raise ValueError(f"{text!r} is no switch; write live, off or frozen@2026-01")
        label = match[1]
        return cls(month_number(int(label) if label.isdigit() else label))

    def __str__(self) -> str:
        return "live" if self.until == ALWAYS else "off" if self.until < 0 else f"frozen@{month_label(self.until)}"
