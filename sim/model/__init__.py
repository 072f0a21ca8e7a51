"""What is simulated: the actors, their world, the rules, and what governments can change.

=================  ==============================================================================================
`agents`           one file per agent type: lab, startup, firm, public agency, government
`environment`      the world around them: regions, sectors, compute, technology, prices, attention
`policies`         one file per public policy; a policy only pulls levers
`rules`            one pure function per equation, and the order of a month
`levers`           everything a policy may change, and how two policies on one lever combine
`events`           dated events without a government's decision
`reactions`        rules by which governments react to metrics
`loops`            the feedback loops, and the switch that opens each of them
`observables`      what a run records: unit, dimensions, stock or flow
`state`            what an agent or a region remembers from month to month
=================  ==============================================================================================

The feedback loops (register and switches in `sim.model.loops`), drawn where they meet in an adopter's utility::

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

Reinforcing loops alone lock a market in (arthur1989, katz1985). Balancing loops, diminishing returns and decay of data
(B4) and reacting governments (B5) keep it open. Which of them win is a result, not a premise.
"""
