"""Every finding of prior work X1 to X12: what the paper found, what this model gives, and the verdict that is known."""

from __future__ import annotations

import pytest

from sim.validation import all_checks
from sim.validation.checks import IN_PART, NOT_REPRODUCED, REPRODUCED
from tests.validation.written_table import page, written

OF_SECONDS = {"X1", "X6", "X9"}
FINDINGS = [check for check in all_checks() if check.id.startswith("X")]


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(
            check,
            id=f"{check.id}_{check.sentence.replace(' ', '_')}",
            marks=[pytest.mark.slow] * (check.slow or check.id in OF_SECONDS),
        )
        for check in FINDINGS
    ],
)
def test_a_finding_comes_out_as_it_is_known_to(check):
    outcome = check.result()
    assert outcome.rows
    assert outcome.verdict == check.expected, page([outcome])
    # the verdict of a finding that comes out in part could hide a row that has changed its mind
    there = {(id, statement): passed == "pass" for id, statement, _, passed in written()}
    today = {(check.id, row.statement): row.passed for row in outcome.rows}
    assert today.items() <= there.items(), "write the table again, and say why"


def test_every_finding_is_there_with_its_paper_and_a_reason_where_it_is_missed():
    assert {check.id for check in FINDINGS} == {f"X{number}" for number in range(1, 13)}
    for check in FINDINGS:
        assert check.source, check.sentence
        assert check.law.endswith("."), check.sentence
        assert check.expected in (REPRODUCED, IN_PART, NOT_REPRODUCED)
        assert check.expected == REPRODUCED or check.remark, f"{check.id} says why"
