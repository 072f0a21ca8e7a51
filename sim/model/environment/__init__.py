"""The world around the agents: regions, sectors, compute, technology, prices and attention.

Each file declares the numbers of one part of the world (`sim.basics.quantity`). Nothing is decided or computed here.
"""
