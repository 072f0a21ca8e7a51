"""Public agencies: slow, bound by trust and procurement rules; they return no data to labs unless made to.

This file has their numbers. What an agency does each month is in `sim/engines/mesa/adopters.py`.
"""

from sim.model.agents.adopter import AdopterType

PUBLIC_AGENCY = AdopterType(
    cost_weight=0.25,
    customisation_weight=0.35,
    service_weight=2.0,
    trust_weight=4.0,
    switching_cost=2.6,
    review_rate=0.042,
    innovation=0.002,
    imitation=0.045,
    initial_adoption=0.02,
    outside_value=3.0,
    telemetry=0.0,
    hosted_telemetry=0.0,
)
