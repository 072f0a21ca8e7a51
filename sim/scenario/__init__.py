"""What a scenario file may say: read it, resolve ``extends`` and defaults, refuse the rest.

============  ================================================================================
`spec`        the vocabulary: every key that a scenario file may hold
`read`        YAML text to a tree that remembers its lines; refuses what is not plain data
`resolve`     ``extends``, defaults and ``--set``; every mistake at once, with its place
`schema`      the JSON Schema that gives editors completion
`describe`    what a scenario says, in sentences
============  ================================================================================
"""

from sim.scenario.spec import Scenario

__all__ = ["Scenario"]
