"""The verb ``openloop schema``: the JSON Schema of scenario files."""

from __future__ import annotations

import json

from sim.cli.standard_streams import printable_json


def schema() -> None:
    """Print the JSON Schema of scenario files.

    Editors that know it complete keys and mark mistakes while you type.

    \b
    openloop schema > openloop.schema.json
    """
    from sim.scenario.schema import json_schema

    print(printable_json(json.dumps(json_schema(), indent=2, ensure_ascii=False)))
