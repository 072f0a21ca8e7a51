"""S-curves of a table or of simulated runs.

`analysis`  reads the series and says what may be said of each
`chapter`   what is told of them
`kind`      what is left behind
"""
