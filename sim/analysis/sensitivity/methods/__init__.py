"""The methods of sensitivity analysis, and what each is for.

One file a family, each with a ``design`` (which points to visit) and ``indices`` (what they say):

==================  =============================================  ==================================================
`elementary`        Morris trajectories, radial elementary effects  which factors can be dropped
`variance`          Sobol' S1, ST, S2; groups; month by month       how variance is shared, and who interacts
`given_data`        RBD-FAST, delta, PAWN, HDMR, regional           first indices, tails and regions from one sample
`gradients`         DGSM                                            a bound on ST from slopes
`factorial`         two-level fractional factorial                  main effects and pairs from few runs
`shapley`           Goda's estimator                                shares that add to one even where factors interact
==================  =============================================  ==================================================

`registry` knows them by name.
"""
