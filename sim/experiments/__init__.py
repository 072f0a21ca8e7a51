"""Which runs to do: sets of runs that answer one question together."""
