"""The tests, in the tree of `sim/`."""

import os

# OpenBLAS lets a thread for every core spin, which on a busy machine takes ten times as long as one thread. It reads
# this when NumPy is first imported, so it is said here, before any test module is; processes of tests inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
