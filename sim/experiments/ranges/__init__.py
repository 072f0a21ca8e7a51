"""Does an answer survive? Scenarios at the same points of the plausible ranges of what they share, with the same luck.

`plan`      what is run, and the runs
`findings`  the tables and sentences that the runs give
`chapter`   what is told
`figures`   the differences over points
`kind`      what is left behind
`request`   the whole way, in Python
"""
