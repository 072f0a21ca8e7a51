"""Scenarios side by side under common random numbers.

`comparison`  the runs, their pairs, and the table of differences
`sweep`       the response of an outcome to one number of a scenario
`request`     from what somebody asks for to both, in Python
`kind`        what both leave behind
"""
