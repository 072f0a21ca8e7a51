"""The science: one pure function per equation. No state, file, clock or generator goes in.

One month, from policy to exposure (the order is that of an ODD description, grimm2020)::

    compute      capex, prices, controls      -> chips, usable compute, labs' compute
    capability   compute, data, others        -> capability, releases
    price        capability, load, experience -> what every option costs
    adoption     shares, releases, news       -> awareness, task coverage
    choice       worth, tastes, peers         -> who uses which line, in which mode
    usage        choices                      -> usage, data that return
    ecosystem    startups' choices            -> derivatives, experience
    exposure     usage by provenance          -> data and operational exposure
    reaction     what governments see of it   -> what they decide, and will do when their lag is over
    fiscal       policies, usage              -> public money
    lenses       the same world               -> what each public statistic would show

The feedback loops (register and switches in `sim.loops`), drawn where they meet in an adopter's utility::

                 +------------------- telemetry (R1), partners and pools (R1p) <------------------+
                 v                                                                                |
    chips --> CAPABILITY --release--> coverage --+                                                |
      ^          ^  ^                            |                                                |
      |          |  +-- borrowing (B2) <- rivals |                                                |
      |          +-- derivatives (R3) <----------|------------------+                             |
      |                                          v                  |                             |
      +-- revenue (R2) <--------- USAGE <--- UTILITY <--- ecosystem (R3), peers (R5), tenure (R7) |
      |                             |          ^  ^                                               |
    controls, domestic learning     |          |  +-- awareness (R4) <-- share                    |
    (R8), power (B3)                |          +----- price <-- load (B1), experience (R6)        |
                                    +-------------------------------------------------------------+

Loops that only reinforce lock a market in (arthur1989, katz1985); the others, and the curvature and decay of data (B4)
and reacting governments (B5), hold it open. Which of them win is a result, not a premise.
"""
