"""S-curves of a table or of simulated runs.

`analysis`  reads the series and says what may be said of each
`chapter`   what is told of them
`kind`      what is left behind
`request`   from what somebody asks for in Python to S-curves and their folder
"""
