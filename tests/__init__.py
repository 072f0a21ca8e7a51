"""The tests, in the tree of `sim/`."""
