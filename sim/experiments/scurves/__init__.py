"""S-curves of a table or of simulated runs.

`analysis`  reads the series and says what may be said of each
`folder`    what is left behind
"""
