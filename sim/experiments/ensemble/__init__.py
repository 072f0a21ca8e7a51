"""Points times replicates: what varies, which points are visited, and what all runs say together.

`request`   from what was asked for to a recipe and its points
`designs`   makers of lists of points
`planning`  what an ensemble will cost and tell, from a short pilot
`ensemble`  the runs, on any executor, resumed after any end
`workbench` the finished runs for the EMA workbench
`summary`   means with their intervals, and whether there were enough runs
"""
