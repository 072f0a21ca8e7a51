"""Data in, data out: nothing here draws, reads a file or runs a model.

`outcomes`     what can be read off a run: each with its unit and its lens
`paired`       what two scenarios under the same luck tell apart, and how surely
`who_switched` which adopters hold the difference between two scenarios
`replicates`   how many replicates a mean, a share or a spread needs
`patterns`     the fourteen patterns of the record
`reactions`    what governments saw, decided and when
`scurves`      take-off, saturation and ceilings, and whether they are identified
`sensitivity`  which factors an outcome depends on
`loops`        gain and dominance of loops
"""
