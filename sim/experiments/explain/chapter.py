"""What a report says of an explanation."""

from __future__ import annotations

import pandas as pd

from sim.results.blocks import Chapter, Items, Words
from sim.results.kind import Folder


def chapter(folder: Folder) -> Chapter:
    """How many adopters part, through what, and what they lead back to."""
    manifest = folder.manifest
    base, *others = manifest["explained"]
    asked = (
        f"Why do the worlds {base} and {others[0]} part, in replicate {manifest['replicate']}?"
        if others
        else f"Why did adopters of {base} choose as they did, in replicate {manifest['replicate']}?"
    )
    source = folder.path / "cascade.csv"
    if not others or not source.is_file():
        told = ", ".join(map(str, manifest["stories"]))
        return Chapter(asked, [Items((f"Explained adopters: {told}.",), folder.path / "choices.csv")])
    rows = pd.read_csv(source)
    if not len(rows):
        return Chapter(asked, [Items(("No adopter ever chooses otherwise.",), source)])
    parted = len(rows)
    said = (
        f"{parted} of {manifest['adopters']:,} adopters part at some time, the first in {rows['month'].min()}.",
        *(f"{many} of {parted} part first through {cause}." for cause, many in rows["cause"].value_counts().items()),
        *(f"{many} of {parted} lead back to {root}." for root, many in rows["root"].value_counts().items()),
    )
    caution = Words("One replicate says what happened in it, not what happens on average.")
    return Chapter(asked, [Items(said, source), caution])
