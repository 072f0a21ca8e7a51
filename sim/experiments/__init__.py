"""Which runs to do: sets of runs that answer one question together, a room for each question.

================  ====================================================================================
`simulate`        one scenario, with its replicates
`compare`         scenarios side by side under the same luck, and the response to one number
`explain`         why an adopter chose otherwise, back to the first cause
`ensemble`        points times replicates: designs, plan, summary
`sensitivity`     which assumptions drive an outcome
`loops`           the feedback loops, opened
`scurves`         take-off and ceilings of a run or of a table
`runner`          where runs are computed and kept: recipes, workers, pools, the store
`replay`          a folder of results, made again
================  ====================================================================================
"""
