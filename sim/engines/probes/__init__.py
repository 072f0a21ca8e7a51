"""Probes: they look into a run of the default engine and change nothing in it.

`trace`         keeps what adopters saw in every month
`decision`      takes one adopter's decision apart, term by term
`opened_loops`  cuts loops while the world keeps its path, and measures what the loops would have returned
"""
