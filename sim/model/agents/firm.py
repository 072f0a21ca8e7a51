"""Firms: enterprises that sell services, and industrial firms in manufacturing, logistics and robotics.

Enterprises buy service and trust; industrial firms buy adaptability, and deployment there touches the physical world.

This file has their numbers. What a firm does each month is in `sim/engines/mesa/adopters.py`.
"""

from sim.model.agents.adopter import REST, AdopterType, AgentType

ENTERPRISE = AgentType(
    name="enterprise",
    noun="an enterprise",
    plural="enterprises",
    description="Enterprises that sell services; they buy service and trust.",
    sectors={"enterprise": REST},
    order=20,
    numbers=AdopterType(
        cost_weight=0.30,
        customisation_weight=0.3,
        service_weight=2.4,
        trust_weight=2.0,
        switching_cost=1.9,
        review_rate=0.083,
        innovation=0.006,
        imitation=0.06,
        initial_adoption=0.06,
        outside_value=2.6,
        telemetry=0.02,
        hosted_telemetry=0.002,
    ),
)

INDUSTRIAL_FIRM = AgentType(
    name="industrial",
    noun="an industrial firm",
    plural="industrial firms",
    description="Industrial firms that make, move and mount things; they buy adaptability.",
    sectors={"manufacturing": REST, "logistics": REST, "robotics": REST},
    order=30,
    numbers=AdopterType(
        cost_weight=0.45,
        customisation_weight=0.85,
        service_weight=1.6,
        trust_weight=1.6,
        switching_cost=2.3,
        review_rate=0.056,
        innovation=0.003,
        imitation=0.045,
        initial_adoption=0.03,
        outside_value=2.8,
        telemetry=0.01,
        hosted_telemetry=0.001,
    ),
)
