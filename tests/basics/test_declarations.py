"""Every number is declared once, with everything that anybody needs to know about it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sim.basics.quantity import Quantity, Spec, describe_field, is_quantity, sources, walk
from sim.model.events import EVENT_KINDS
from sim.model.policies import policy_kinds
from sim.scenario import Scenario
from sim.scenario.spec import Parameters
from tests.worlds import ROOT

KINDS: dict[str, Any] = {**policy_kinds(), **EVENT_KINDS}


def declared() -> Iterator[Quantity]:
    """Every declared number: the parameters of the defaults, then the keys of policies and events."""
    yield from walk(Scenario(name="defaults").parameters)
    for kind, spec in KINDS.items():
        for key, field in spec.model_fields.items():
            if is_quantity(field):
                yield describe_field(f"{kind}.{key}", field, field.default, field.default)


ROWS = {row.key: row for row in declared()}


def specs(spec: type[Spec]) -> Iterator[type[Spec]]:
    """A spec and every spec below it."""
    yield spec
    for field in spec.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Spec):
            yield from specs(field.annotation)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_number_has_a_meaning_a_unit_and_a_reason(row):
    assert re.fullmatch(r"[A-Z].*\.", row.meaning), "one sentence, with its full stop"
    assert row.unit
    assert row.source in sources() or row.source == "assumption"
    assert (row.source == "assumption") == bool(row.why), "an assumption says why, a source speaks for itself"


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_default_is_possible_and_believable(row):
    assert row.low <= row.default <= row.high
    assert not row.implausible


def test_numbers_that_words_derive_are_what_the_words_say():
    """Entered again from the reasons: what a doubling saves, threefold a year, contracts of so many months."""
    p = Parameters()
    assert p.compute.domestic_learning == pytest.approx(-math.log2(0.8), abs=5e-4), "a fifth cheaper at each doubling"
    assert p.technology.algorithmic_progress == pytest.approx(math.log(3) / 12, abs=5e-5), "threefold a year"
    for kind, months in (("startup", 4), ("enterprise", 12), ("industrial", 18), ("public", 24)):
        assert getattr(p, kind).review_rate == pytest.approx(1 / months, abs=5e-4), f"contracts of {kind}"
    assert p.adopter.forced_review == pytest.approx(1 / 6), "a transition of half a year"
    assert p.compute.retirement == pytest.approx(1 / 60), "chips live for five years"
    for kind in ("startup", "enterprise", "industrial"):
        a = getattr(p, kind)
        assert a.hosted_telemetry == pytest.approx(a.telemetry / 10), "a tenth of first-party telemetry"


def test_a_default_does_not_change_unnoticed():
    """If it is meant, CHANGELOG says which number changed and why, and this sum is written anew."""
    numbers = "\n".join(f"{row.key} {row.value!r}" for row in ROWS.values())
    assert hashlib.sha256(numbers.encode()).hexdigest()[:16] == "86c4c20ddbc12581"


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_is_believable_is_possible(row):
    if math.isnan(row.plausible_low):
        assert row.prior == "fixed"
        return
    assert row.low <= row.plausible_low <= row.plausible_high <= row.high
    assert row.prior in ("uniform", "loguniform", "choice", "fixed")
    assert row.prior != "loguniform" or row.plausible_low > 0 or row.default == 0, "logarithms need a positive range"


def test_keys_are_unique():
    keys = [row.key for row in declared()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("spec", dict.fromkeys([*specs(Parameters), *KINDS.values()]), ids=lambda s: s.__name__)
def test_every_field_is_explained(spec):
    assert spec.__doc__
    for key, field in spec.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, Spec)
        assert field.description or nested or key in ("kind", "markup_rule"), key


@pytest.mark.parametrize("kind", policy_kinds())
def test_a_policy_file_bears_the_name_of_its_kind(kind):
    assert policy_kinds()[kind].__module__ == f"sim.model.policies.{kind}"


def test_policies_have_places_of_their_own_in_the_catalogue():
    numbers = [policy.number for policy in policy_kinds().values()]
    assert len(numbers) == len(set(numbers))


# --- citations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sources())
def test_a_citation_is_complete(key):
    entry = sources()[key]
    assert {"title", "year", "url", "note"} <= set(entry)
    assert "authors" in entry or "publisher" in entry
    assert set(entry) <= {"title", "authors", "publisher", "year", "url", "note"}
    assert str(entry["url"]).startswith(("https://", "http://"))
    assert re.search(r"(Read|read) as excerpt|Standard reference", entry["note"]), "say how it was read"


def project_text() -> str:
    files = [*(ROOT / "sim").rglob("*"), *(ROOT / "scenarios").rglob("*.yaml")]
    wanted = (path for path in files if path.suffix in (".py", ".csv", ".md", ".yaml"))
    return "\n".join(path.read_text(encoding="utf-8") for path in wanted)


def test_every_citation_is_used():
    words = set(re.findall(r"\w+", project_text()))
    assert sorted(set(sources()) - words) == []


def test_every_source_that_a_reason_mentions_exists():
    mentioned = {word for row in declared() for word in re.findall(r"\b[a-z]+(?:19|20)\d\d\b", row.why)}
    assert mentioned <= set(sources())
