"""Findings of earlier papers, looked for in this model: X1 to X12 of the model description.

Each check restricts the model to the setting of a paper and compares what comes out. A miss is a result: it is printed
with its reason, and the model is not bent to avoid it. The form of a check is that of `sim.validation.checks`.
"""
