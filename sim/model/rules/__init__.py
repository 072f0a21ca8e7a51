"""The science: one pure function per equation. No state, file, clock or generator goes in.

One month, from policy to exposure (the order is that of an ODD description, grimm2020)::

    compute      capex, prices, controls      -> chips, usable compute, labs' compute
    capability   compute, data, others        -> capability, releases
    price        capability, load, experience -> what every option costs
    adoption     shares, news, capability     -> awareness, task coverage
    worth        cost, coverage, ties         -> what every option is worth, term by term
    choice       worth                        -> who uses which line, in which mode
    usage        choices                      -> usage, data that labs and pools collect
    ecosystem    startups' choices            -> derivatives, ecosystem shares
    exposure     usage by provenance          -> data and operational exposure
    reaction     late, inexact statistics     -> strength of governments' actions, in force when the lag is over
    fiscal       policies, usage              -> public money
    lenses       the same world               -> what each public statistic would show

How they close into feedback loops is drawn in `sim.model`. `elementary` holds exp and log for
compiled decisions.
"""
