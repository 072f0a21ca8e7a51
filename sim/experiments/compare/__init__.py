"""Scenarios side by side under common random numbers.

`comparison`  the runs, their pairs, and the table of differences
`sweep`       the response of an outcome to one number of a scenario
`folder`      what both leave behind
"""
