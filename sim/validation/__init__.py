"""The model held against what is known: mathematics, prior work, and the record.

`closed_forms`  what must be true: V1 to V23 of the model description, checked against mathematics
`prior_work`    findings of earlier papers, X1 to X12, where a miss is a result and not a defect
`patterns`      the runs behind the fourteen patterns of the record
`check`         the form of a check: its rows, exact value, measured value and tolerance
`worlds`        the small worlds that checks are made in
`table`         run the checks, and print what came out
"""

from sim.validation.check import Check, CheckResult, Row, all_checks, close, holds, reproduces, verifies, within

__all__ = ["Check", "CheckResult", "Row", "all_checks", "close", "holds", "reproduces", "verifies", "within"]
