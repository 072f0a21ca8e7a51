"""Data in, data out: S-curves, take-off, scores against the record. Nothing here draws or reads a file."""
