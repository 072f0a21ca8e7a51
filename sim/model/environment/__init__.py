"""Where the story takes place: regions, sectors, and the markets for compute, knowledge, price and attention.

Each file declares the numbers of one part of the world (`sim.basics.quantity`); nothing here decides or computes.
"""
