"""Startups: software and robotics companies that build their product on another firm's line.

They review three times as often as enterprises and weigh cost most. The ecosystem is measured by their choices.

This file has their numbers. What a startup does each month is in `sim/engines/mesa/adopters.py`.
"""

from sim.model.agents.adopter import REST, AdopterType, AgentType

STARTUP = AgentType(
    name="startup",
    noun="a startup",
    plural="startups",
    description="Startups that build their product on somebody else's line; quick to adopt and to switch.",
    sectors={"software": REST, "robotics": "robotics_startups"},
    order=10,
    numbers=AdopterType(
        cost_weight=0.70,
        customisation_weight=0.4,
        service_weight=1.2,
        trust_weight=0.8,
        switching_cost=0.6,
        review_rate=0.25,
        innovation=0.015,
        imitation=0.10,
        initial_adoption=0.15,
        outside_value=2.0,
        telemetry=0.05,
        hosted_telemetry=0.005,
    ),
)
