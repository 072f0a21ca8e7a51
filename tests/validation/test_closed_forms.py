"""Every closed form V1 to V23 of the model description, as `openloop validate` runs them."""

from __future__ import annotations

import pytest

from sim.validation import Check, CheckResult, Row, all_checks, close, holds, within
from sim.validation.chapter import check_sentences
from sim.validation.checks import FAIL, PASS
from sim.validation.run_checks import any_closed_form_fails, run_checks
from tests.validation.written_table import page, table_rows, written

OF_SECONDS = {"V4", "V6", "V8", "V12", "V17", "V18", "V19", "V21"}
CLOSED_FORMS = [check for check in all_checks() if check.id.startswith("V")]


def each(found):
    """Checks as parameters, named by their sentence, those of seconds marked as slow."""
    return [
        pytest.param(
            check,
            id=f"{check.id}_{check.sentence.replace(' ', '_')}",
            marks=[pytest.mark.slow] * (check.slow or check.id in OF_SECONDS),
        )
        for check in found
    ]


@pytest.mark.parametrize("check", each(CLOSED_FORMS))
def test_a_closed_form_holds(check):
    """`openloop validate --full --markdown` writes the table: statements, exact values and verdicts must be its own."""
    outcome = check.result()
    assert outcome.rows
    assert outcome.verdict == PASS, page([outcome])
    missing = set(table_rows(page([outcome]))) - set(written())
    assert not missing, f"write the table again; these rows are not in it: {missing}"


def test_every_closed_form_of_the_description_is_checked_and_named_as_a_sentence():
    assert {check.id for check in CLOSED_FORMS} == {f"V{number}" for number in range(1, 24)}
    for check in CLOSED_FORMS:
        assert len(check.sentence.split()) >= 4, check.sentence
        assert check.law.endswith("."), check.sentence


def test_every_check_is_in_the_table_of_the_documentation():
    assert {check.title for check in all_checks()} <= {statement for _, statement, _, _ in written()}


# the form of a check


def test_a_row_can_fail():
    assert close("x", 1.0, 1.05, within=0.1).passed
    assert not close("x", 1.0, 1.2, within=0.1).passed
    assert not close("x", 1.0, float("nan"), within=0.1).passed
    assert within("x", 0, 1, 0.5).passed
    assert not within("x", 0, 1, 1.5).passed
    assert not within("x", 0, 1, float("nan")).passed
    assert not holds("x", False, exact="", measured="").passed


def test_a_check_passes_only_with_rows_that_all_pass():
    good, bad = Row("a", "1", "1", True), Row("b", "1", "2", False)

    def check(id, rows):
        return CheckResult(Check(id, "a sentence", "A law.", lambda: rows), rows)

    assert check("V1", (good,)).verdict == PASS
    assert check("V1", (good, bad)).verdict == FAIL
    assert check("V1", ()).verdict == FAIL, "nothing was shown"
    assert check("X1", (good, good)).verdict == "reproduced"
    assert check("X1", (good, bad)).verdict == "in part"
    assert check("X1", (bad,)).verdict == "not reproduced"
    outcomes = [check("V1", (good, bad)), check("V2", (good,)), check("X1", (bad,))]
    assert any_closed_form_fails(outcomes)
    assert not any_closed_form_fails(outcomes[1:]), "a finding that is not reproduced is no failure"
    said = check_sentences(outcomes)
    assert said == ["1 of 2 closed forms FAIL: V1.", "Of 1 finding of prior work 1 not reproduced."]


def test_a_check_that_breaks_is_told_and_stops_no_other():
    def broken():
        raise ZeroDivisionError("no")

    checks_ = [
        Check("V1", "breaks", "A law.", broken),
        Check("V2", "holds", "A law.", lambda: [Row("a", "1", "1", True)]),
    ]
    outcomes = run_checks(checks_, workers=1)
    assert [outcome.verdict for outcome in outcomes] == [FAIL, PASS]
    assert "ZeroDivisionError: no" in page(outcomes)
