"""One scenario with its replicates, and the run directory that it leaves behind."""
