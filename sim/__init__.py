"""OpenLoop: an agent-based simulation of the open-source AI adoption feedback loop. Read `sim.run` first."""

__version__ = "0.1.0"
