"""The targets of the record on the command line, and those of a file of one's own."""

from __future__ import annotations

import csv
import io
import json

import pytest

import openloop as ol
from tests.processes import in_process

OWN = """\
target,month,value,observation_sd,discrepancy_sd,observable,unit
firms,2025-06,0.2,0.03,0.04,L6(EU),share
firms,2024-06,0.1,0.03,0.04,L6(EU),share
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_the_record_is_listed_with_what_a_modeller_asks_of_it():
    rows = json.loads(in_process("list", "targets", "--json").stdout)
    assert len(rows) == 33
    bound = next(row for row in rows if row["target"] == "openrouter_share_chinese_all")
    assert (bound["months"], bound["points"], bound["censored"]) == ("2024-12 to 2026-04", 5, 2)
    assert bound["sd"] == [0.04]
    assert bound["observation_sd"] == [0.024, 0.0112]
    assert bound["series"] == ["openrouter_share_chinese_all"]
    assert bound["licence"] == ["fact", "derived"]
    assert "nine largest makers named" in bound["universe"]
    assert {row["transform"] for row in rows} == {"identity", "ln"}


def test_the_list_of_targets_can_be_asked_in_python():
    assert ol.catalogue("targets", "chips_smuggled")["target"].tolist() == [
        "china_chip_domestic_share_2024",
        "smuggled_chips_2024",
    ]


def test_a_file_of_ones_own_is_listed_alike(own):
    text = in_process("list", "targets", "--targets", str(own))
    assert text.returncode == 0
    assert text.stdout.splitlines()[1].split()[:5] == ["firms", "2024-06", "to", "2025-06", "2"]
    (row,) = csv.DictReader(io.StringIO(in_process("list", "targets", "--targets", str(own), "--csv").stdout))
    shipped = json.loads(in_process("list", "targets", "--json").stdout)[0]
    assert list(row) == list(shipped)
    assert row["sd"] == "0.05"


def test_a_target_of_ones_own_is_described_and_listed_in_python_too(own):
    for words in (("firms",), ("target", "firms")):
        told = in_process("describe", *words, "--targets", str(own)).stdout
        assert "firms (target)" in told
        assert "2024-06  0.1  sd 0.03 observation" in told
    assert 'no target "frims". Did you mean "firms"?' in in_process("describe", "frims", "--targets", str(own)).stderr
    assert "is for the name of a target" in in_process("describe", "lever", "firms", "--targets", str(own)).stderr
    assert ol.catalogue("targets", targets=own)["target"].tolist() == ["firms"]
    with pytest.raises(ol.ScenarioError, match="only taken by the list of targets"):
        ol.catalogue("lines", targets=own)


def test_what_is_left_out_of_a_file_of_ones_own_is_said(own):
    own.write_text(f"# our survey\n{OWN}", encoding="utf-8")
    assert "line 1, above the header, is left out" in in_process("list", "targets", "--targets", str(own)).stderr


def test_mistakes_in_a_file_of_ones_own_are_told_at_once(own):
    own.write_text(OWN.replace("0.03", "0").replace("2024-06", "June"), encoding="utf-8")
    done = in_process("list", "targets", "--targets", str(own))
    assert done.returncode == 2
    assert f"{own}:2: observation_sd is 0; a standard deviation must be above 0." in done.stderr
    assert f'{own}:3: month is "June"; it must be a month.' in done.stderr


@pytest.mark.parametrize("kind", [("lines",), ()])
def test_targets_belong_to_their_list(own, kind):
    done = in_process("list", *kind, "--targets", str(own))
    assert done.returncode == 2
    assert "--targets is only taken by the list of targets." in done.stderr
    assert "openloop list targets --targets FILE" in done.stderr


def test_a_target_is_described_with_points_bounds_and_sources():
    text = in_process("describe", "openrouter_share_chinese_all").stdout
    assert "2026-03  0.5  sd 0.011 observation, 0.038 discrepancy; 0.5 to 0.608" in text
    assert "[or_scrape_jt]" in text


def test_sources_of_the_record_are_listed_and_described():
    assert "or_scrape_jt" in in_process("list", "sources", "OpenRouter", "rankings", "Daily").stdout
    assert "terms: none-found" in in_process("describe", "or_scrape_jt").stdout
