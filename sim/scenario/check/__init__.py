"""From a tree of stated values to a scenario: every mistake at once, each with its file, line and remedy.

`checker`       pydantic walks the values; its errors get the places of the tree
`values`        what a mistake in one value is called, and values in other forms: with units, ranges, distributions
`cross_checks`  what no single value shows: names that must exist, dates in order, numbers that nobody believes
`mistakes`      those that were found, each told once
"""

from sim.scenario.check.checker import Checked, check, check_varied

__all__ = ["Checked", "check", "check_varied"]
