"""One scenario with its replicates, and the folder of results that it leaves behind."""
