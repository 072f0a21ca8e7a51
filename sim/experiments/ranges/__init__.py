"""Does an answer survive? Scenarios at the same points of the plausible ranges of what they share, with the same luck.

`plan`      what is run, and the runs
`findings`  tables and sentences from the runs
`chapter`   what is told at the terminal and in reports
`figures`   differences or levels over the points
`kind`      the folder of results
`request`   the same from Python
"""
