"""The record: series, facts, events and models with their sources, and the targets that a run is held against.

`targets.csv` is read by `sim.evidence.targets`; README.md says what each table holds and how it was made.
"""
