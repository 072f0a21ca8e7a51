"""Public policies, one file each. A policy pulls levers on a schedule; it never touches an agent.

Put a new file here with a class derived from `Policy` and it exists: scenario files, schema, listing and tests find it
by its ``kind``. What a policy may pull is in `sim.levers`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field

from sim.policies.base import Plan, Policy

__all__ = ["Plan", "Policy", "policy_kinds", "policy_union"]


@cache
def policy_kinds() -> dict[str, type[Policy]]:
    """Every policy that has a file here, by kind, in the order of the catalogue."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "base":
            continue
        for thing in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Policy) and thing is not Policy:
                found[thing.model_fields["kind"].default] = thing
    return dict(sorted(found.items(), key=lambda item: item[1].number))


@cache
def policy_union() -> Any:
    """The type of one policy: any that has a file here, told apart by its ``kind``."""
    return Annotated[reduce(or_, policy_kinds().values()), Field(discriminator="kind")]
