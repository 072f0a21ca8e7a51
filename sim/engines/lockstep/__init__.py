"""The default engine: a batch of runs advances together, macro steps in NumPy and decisions in a compiled kernel.

`engine`         the month, step by step, for a batch of runs
`adopters`       adopters between two macro steps: their state, and the kernel called over threads
`kernels`        one month of all adopters, compiled
`reactions`      governments that react: each rule's memory, its decisions, and the levers that it pulls
`usage_sums`     usage summed over cells: tables, revenue, and the data that come back
`month_levers`   the levers of a month, and which of them anybody pulls
"""
