"""Public policies, one file each. A policy pulls levers on a schedule; it never touches an agent.

A new file here with a class derived from `Policy` is a new policy: scenario files, schema, listing and tests find it by
its ``kind``. A policy in a user's own notebook or script is made known by `register`. What a policy may pull is in
`sim.model.levers`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler, SerializationInfo, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from sim.basics.errors import ModelError
from sim.model.policies.base import Policy, Schedule

__all__ = ["Policy", "Schedule", "policy_kinds", "policy_union", "register"]

Own = TypeVar("Own", bound=type[Policy])

_OWN: dict[str, type[Policy]] = {}
"""Policies that were registered, by kind."""

STRICT = {"strict": True}
"""Context of a validation that is to be strict about the fields of registered policies too."""


def policy_kinds() -> dict[str, type[Policy]]:
    """Every policy by kind: those with a file here, in the order of the catalogue, then those that were registered."""
    return {**_shipped(), **_OWN}


def register(policy: Own) -> Own:
    """Make a user's own policy known to scenario files, with ``@register`` above its class.

    It is known in this Python process only. Registering a kind again replaces it, so a notebook cell can be run twice.
    The hash of a run covers the policy's numbers, but not its code.

    Raises
    ------
    ModelError
        When the class is no policy, has no kind, or has the kind of one that ships.

    Examples
    --------
    >>> from typing import Literal
    >>> import openloop as ol
    >>> @ol.register
    ... class Seal(ol.Policy):
    ...     kind: Literal["seal"] = "seal"
    ...     strength: float = ol.quantity(0.5, "Worth.", unit="utils", source=ol.assumption("an example"))
    ...     def pull(self, schedule):
    ...         return [ol.Pull("preference", self.strength * schedule.ramp, {"home": ("EU",)})]
    ...     def effect(self):
    ...         return f"European lines get a seal that is worth {self.strength:g} utils"
    >>> ol.catalogue("policies", "seal")["kind"].tolist()
    ['seal']
    """
    if not (isinstance(policy, type) and issubclass(policy, Policy) and policy is not Policy):
        raise ModelError(f"{policy!r} is no subclass of sim.model.policies.Policy")
    spec: type[Policy] = policy
    kind = spec.model_fields["kind"].default
    if not isinstance(kind, str) or not kind:
        raise ModelError(f'{policy.__name__} has no kind. Write kind: Literal["my_policy"] = "my_policy"')
    if kind in _shipped():
        raise ModelError(f'{policy.__name__} has the kind "{kind}", which a policy of OpenLoop has. Choose another.')
    _OWN[kind] = policy
    return policy


@cache
def _shipped() -> dict[str, type[Policy]]:
    policies = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "base":
            continue
        for thing in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Policy) and thing is not Policy:
                policies[thing.model_fields["kind"].default] = thing
    return dict(sorted(policies.items(), key=lambda item: item[1].number))


class _OrOwn:
    """Lets registered policies pass, although the types of fields were made before they were known."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(
            self._validate,
            handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(self._serialize, info_arg=True),
        )

    @staticmethod
    def _validate(value: Any, inner: Any, info: ValidationInfo) -> Any:
        kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
        own = _OWN.get(kind) if isinstance(kind, str) else None
        return inner(value) if own is None else own.model_validate(value, strict=info.context == STRICT or None)

    @staticmethod
    def _serialize(value: Any, inner: Any, info: SerializationInfo) -> Any:
        return value.model_dump(mode=info.mode) if value.kind in _OWN else inner(value)


@cache
def policy_union() -> Any:
    """The type of one policy: any that has a file here or was registered, told apart by its ``kind``."""
    return Annotated[reduce(or_, _shipped().values()), Field(discriminator="kind"), _OrOwn()]
