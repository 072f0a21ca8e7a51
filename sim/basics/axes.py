"""The axes of every array, their labels, and the calendar.

Arrays carry their axes in the order ``run, month, region, sector, type, line, mode`` (those that apply). An *option*
is one (line, mode) pair, with the number ``3 * line + mode``. A *cell* is one (region, sector, adopter type) triple.
What adopters of a cell share is computed once for the cell.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

RegionName = Literal["US", "CN", "EU", "GS"]
SectorName = Literal["software", "enterprise", "manufacturing", "logistics", "robotics", "public"]
ModeName = Literal["api", "hosted", "self_hosted"]

REGIONS = ("US", "CN", "EU", "GS")
REGION_NAMES = {
    "US": "United States",
    "CN": "China",
    "EU": "Europe and allied advanced economies",
    "GS": "Global South",
}

SECTORS = ("software", "enterprise", "manufacturing", "logistics", "robotics", "public")
PHYSICAL_SECTORS = ("manufacturing", "logistics", "robotics")

MODES = ("api", "hosted", "self_hosted")
API, HOSTED, SELF_HOSTED = range(3)
N_MODES = len(MODES)

CHANNELS = ("first_party", "hosted", "self_hosted", "partner", "pooled")
"""How use returns data: telemetry by mode, bilateral partners of domestic labs, state-mandated pools."""

OPENNESS = ("closed", "open")
GROUPS = tuple(f"{region} {openness}" for region in REGIONS for openness in OPENNESS)
"""Line groups, which are also the blocks of the nested choice: region of origin and openness."""

START_YEAR = 2024
"""Month 0 is January of this year."""

RECORD_ENDS = 26
"""Last month of the real record that the baseline is held against, 2026-03; what comes later is projection."""

LAST_MONTH = 1200
"""A hundred years: later months are refused as mistakes."""


def group_number(origin: Any, is_open: Any) -> Any:
    """Place in `GROUPS` of a line, from the number of its region of origin and whether its weights are open."""
    return len(OPENNESS) * origin + is_open


def month_label(month: int) -> str:
    """``27`` -> ``"2026-04"``."""
    return f"{START_YEAR + month // 12}-{month % 12 + 1:02d}"


def month_number(label: str | int) -> int:
    """``"2026-04"`` or ``27`` -> ``27``.

    Raises
    ------
    ValueError
        When the text is no month, or the month lies before 2024-01 or more than a hundred years on.
    """
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", label.strip()) if isinstance(label, str) else None
    if match:
        number = (int(match[1]) - START_YEAR) * 12 + int(match[2]) - 1
    elif isinstance(label, int) and not isinstance(label, bool):
        number = label
    else:
        raise ValueError(f"{label!r} is not a month; write 2026-04, or a number of months since {month_label(0)}")
    if not 0 <= number <= LAST_MONTH:
        raise ValueError(f"month {label} lies outside {month_label(0)} to {month_label(LAST_MONTH)}")
    return number


Month = Annotated[
    int,
    BeforeValidator(month_number),
    PlainSerializer(month_label, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": r"^\d{4}-\d{2}$"}, {"type": "integer", "minimum": 0}],
            "description": "A month: 2026-04, or the number of months since 2024-01.",
        }
    ),
]
"""A month in a scenario file: read from ``2026-04`` or ``27``, kept as a number, written as ``2026-04``."""
