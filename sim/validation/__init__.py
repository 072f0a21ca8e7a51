"""The model held against what is known: mathematics, prior work, and the record.

`closed_forms`          V1 to V23 of the model description: what mathematics says must be true
`prior_work`            X1 to X12: findings of earlier papers, where a miss is a result and not a defect
`patterns`              the price elasticity among the fourteen patterns, which needs runs of its own
`record`                the published series in sentences and a table
`checks`                what a check is, and the list of all checks
`restricted_scenarios`  scenarios with nearly all feedback switched off, in which the checks run
`run_checks`            choose checks and run them in parallel
`validation`            the plan of a validation, its checks and runs, and the results
`chapter`               the results in words and tables
`kind`                  the folder of results
`request`               the same from Python
"""

from sim.validation.checks import Check, CheckResult, Row, all_checks, close, holds, reproduces, verifies, within

__all__ = ["Check", "CheckResult", "Row", "all_checks", "close", "holds", "reproduces", "verifies", "within"]
