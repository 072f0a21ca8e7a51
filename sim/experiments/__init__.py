"""Which runs to do: sets of runs that answer one question together.

================  ====================================================================================
`compare`         scenarios under the same luck, in pairs; `paired`, `switched`, `ceilings`, `sweep`
`outcomes`        what is read off a run
`factors`         what varies between points, and over which values; `points` applies it to a scenario
`designs`         makers of lists of points; `study` makes an ensemble of what somebody asks for
`ensemble`        points times replicates, run on any executor (`pools`, `batch`), kept in a `store`
`replicates`      how many are enough; `summary` and `planning` say it
================  ====================================================================================
"""
