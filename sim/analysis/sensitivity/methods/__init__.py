"""The methods of sensitivity analysis, and what each is for.

One file a family: which points to visit, and what they say.

==================  =============================================  ==================================================
`elementary`        Morris trajectories                            which factors can be dropped
`variance`          Sobol' S1, ST, S2; groups                      how variance is shared, and who interacts
`given_data`        delta, PAWN, regional sensitivity              distributions, tails and regions from one sample
`shapley`           Goda's estimator                               shares that add to one even where factors interact
==================  =============================================  ==================================================

Each also gives its indices month by month. `registry` knows the methods by name, and those that were removed.
"""
