"""What a scenario file may say: read it, resolve ``extends`` and defaults, refuse the rest.

============  ================================================================================
`spec`        the vocabulary: every key that a scenario file may hold
`read`        YAML text to a tree that remembers its lines; refuses what is not plain data
`resolve`     ``load``: follow ``extends``, apply ``--set``, check, and refuse or warn
`check`       the tree to a `Scenario`; pydantic's errors with file, line and key path, every mistake at once
`values`      one value: with its unit, as a range or a distribution, or what is wrong with it in words
`cross_checks`  what the values say about each other, and what is doubtful
`write`       a `Scenario` to the text of a complete file
`schema`      the JSON Schema that gives editors completion
`describe`    what a scenario says, in sentences
============  ================================================================================
"""

from sim.scenario.spec import Scenario

__all__ = ["Scenario"]
