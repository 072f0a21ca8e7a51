"""Analysis of runs: data in, data out. Nothing here draws a figure, reads a file or runs a model.

`estimates`    a number with its 95% interval
`shares`       shares that more than one of them reads from a run
`outcomes`     the outcomes of a run: each with its unit and its lens
`paired`       differences of two scenarios under common random numbers
`who_switched` which adopters make up the difference between two scenarios
`replicates`   how many replicates a mean, a share or a spread needs
`patterns`     the fourteen patterns of the record
`reactions`    what governments observed, decided and when
`scurves`      take-off, saturation and ceilings, and whether they are identified
`sensitivity`  which factors an outcome depends on
`loops`        gain and dominance of feedback loops
"""
