"""The default engine: a batch of runs advances together. Macro steps are NumPy, decisions a compiled kernel.

`engine`         the month, step by step, for a batch of runs
`adopters`       the state of adopters, and the call of the kernel over threads
`kernels`        one month of all adopters, compiled
`reactions`      reaction rules of governments: memory, decisions, and the levers that they pull
`usage_sums`     usage summed over cells: tables, revenue, and data for labs and pools
`month_levers`   the levers of a month, and which of them are pulled
"""
