"""Public agencies: slow, bound by trust and procurement rules; they return no data to labs unless made to.

This file has their numbers. What an agency does each month is in `sim/engines/mesa/adopters.py`.
"""

from sim.model.agents.adopter import REST, AdopterType, AgentType

PUBLIC_AGENCY = AgentType(
    name="public",
    noun="a public agency",
    plural="public agencies",
    description="Public agencies, slow, and bound by trust and procurement rules.",
    sectors={"public": REST},
    order=40,
    numbers=AdopterType(
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
    ),
)
