"""The model held against what is known: mathematics, prior work, and the record.

`closed_forms`          V1 to V23 of the model description: what mathematics says must be true
`prior_work`            X1 to X12: findings of earlier papers, where a miss is a result and not a defect
`patterns`              the price elasticity among the fourteen patterns, which needs runs of its own
`record`                the published series in sentences and a table
`checks`                what a check is, and the list of all checks
`restricted_scenarios`  scenarios with nearly all feedback switched off, in which the checks run
`run_checks`            choose checks and run them in parallel
`validation`            what is asked for, carried out: checks, and one batch of runs for patterns and record
`chapter`               the results in words and tables
`kind`                  what is left behind
`request`               from what somebody asks for in Python to a validation and its folder
"""

from sim.validation.checks import Check, CheckResult, Row, all_checks, close, holds, reproduces, verifies, within

__all__ = ["Check", "CheckResult", "Row", "all_checks", "close", "holds", "reproduces", "verifies", "within"]
