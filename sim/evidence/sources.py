"""The citations of the record, from ``sources.csv``."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def record_sources() -> dict[str, dict[str, str]]:
    """What the tables of the record cite, by key, in the form of `sim.basics.quantity.sources`."""
    with (Path(__file__).parent / "sources.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["source_id"]: {
                "title": row["title"],
                "publisher": row["publisher"],
                "year": row["date"][:4],
                "url": row["url"],
                "note": f"{row['kind'].capitalize()} source of the record; terms: {row['licence']}.",
            }
            for row in csv.DictReader(file)
        }
