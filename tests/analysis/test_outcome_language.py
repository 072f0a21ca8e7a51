"""The language of outcomes, against the same numbers taken from a dataset by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.outcomes import OUTCOMES, find_outcome, read_outcomes, refuse_impossible
from sim.basics.axes import GROUPS, REGIONS, SECTORS, month_number
from sim.basics.errors import DesignError, ScenarioError, UnknownNameError
from sim.cli.glossary import explain
from sim.engines import engine as find_engine
from sim.experiments.compare.comparison import make_plan, parse_outcome
from sim.experiments.runner.recipe import make_recipe
from sim.experiments.sensitivity.request import columns
from sim.model.agents.adopter_types import TYPES
from sim.run import simulate
from tests.worlds import world

MONTHS = 84
SCENARIO = world(months=MONTHS, adopters=250, seed=4)


@pytest.fixture(scope="module")
def dataset():
    return simulate([(SCENARIO, 0), (SCENARIO, 1)], find_engine("lockstep"))


def months(first: str, last: str = "") -> slice:
    """A year, or months from one to another, as a slice."""
    if len(first) == 4:
        return slice(month_number(f"{first}-01"), month_number(f"{last or first}-12") + 1)
    return slice(month_number(first), month_number(last or first) + 1)


def usage(data, region="", sector="", lines=None):
    """Usage of some lines somewhere, (run, month); ``lines`` is a mask (line,) or (run, month, line)."""
    table = data["usage_by_region_and_sector"].values
    table = table[:, :, [REGIONS.index(region)]] if region else table
    table = table[:, :, :, [SECTORS.index(sector)]] if sector else table
    table = table.sum(axis=(2, 3))
    return (table if lines is None else np.where(lines, table, 0)).sum(axis=2)


def home(data, region):
    return data["line_region"].values == region


def weights(data, openness):
    return data["openness"].values == (openness == "open")


def ratio(part, whole):
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def share(data, lines, **place):
    return ratio(usage(data, lines=lines, **place), usage(data, **place))


def mean(values, when):
    return np.nanmean(values[:, when], axis=1)


def lens(data, name, group, region=None):
    values = data[name].values
    values = values if region is None else values[:, :, REGIONS.index(region)]
    return values[..., GROUPS.index(group)]


def first_month(values, level):
    reached = values >= level
    found = np.where(reached.any(axis=1), reached.argmax(axis=1), np.nan)
    return np.where(reached[:, 0], np.nan, found)


def adopted(data, region, kind):
    return data["adoption_by_region"].values[:, :, REGIONS.index(region), TYPES.index(kind)]


def named(data, name):
    return OUTCOMES[name].read(data).transpose("run", "month").values


def cn_open(data):
    return home(data, "CN") & weights(data, "open")


BY_HAND = {
    # what a briefing on export controls needs
    "share(CN open, region=EU, sector=manufacturing)@2029": lambda d: mean(
        share(d, cn_open(d), region="EU", sector="manufacturing"), months("2029")
    ),
    "L3(US, CN open)@2029": lambda d: mean(lens(d, "L3", "CN open", "US"), months("2029")),
    "share(CN, region=GS, sector=public)@2030": lambda d: mean(
        share(d, home(d, "CN"), region="GS", sector="public"), months("2030")
    ),
    "adoption_by_region(US, enterprise)@first above 50%": lambda d: first_month(adopted(d, "US", "enterprise"), 0.5),
    "capability_gap@peak(2027..)": lambda d: np.nanmax(named(d, "capability_gap")[:, months("2027", "2030")], axis=1),
    # times
    "focus_share@2029-12": lambda d: named(d, "focus_share")[:, month_number("2029-12")],
    "focus_share@2029": lambda d: mean(named(d, "focus_share"), months("2029")),
    "focus_share@mean(2029-01..2029-12)": lambda d: mean(named(d, "focus_share"), months("2029")),
    "focus_share@2027..2029": lambda d: mean(named(d, "focus_share"), months("2027", "2029")),
    "focus_share@mean(..2025)": lambda d: mean(named(d, "focus_share"), slice(0, 24)),
    "focus_share@mean": lambda d: named(d, "focus_share").mean(axis=1),
    "focus_share@peak": lambda d: named(d, "focus_share").max(axis=1),
    "focus_share@lowest(2028..2029)": lambda d: named(d, "focus_share")[:, months("2028", "2029")].min(axis=1),
    "focus_share@last": lambda d: named(d, "focus_share")[:, -1],
    "capex(US)@sum(2026)": lambda d: d["capex"].values[:, months("2026"), 0].sum(axis=1),
    "focus_share@first above 0.02": lambda d: first_month(named(d, "focus_share"), 0.02),
    "focus_share@first below 1%": lambda d: first_month(-named(d, "focus_share"), -0.01),
    "adoption_all@first above 99.99%": lambda d: first_month(named(d, "adoption_all"), 0.9999),
    # of whom and of what
    "share(CN)@2029": lambda d: mean(share(d, home(d, "CN")), months("2029")),
    "share(lines=CN, region=US|EU)@2029": lambda d: mean(
        (usage(d, "US", lines=home(d, "CN")) + usage(d, "EU", lines=home(d, "CN"))) / (usage(d, "US") + usage(d, "EU")),
        months("2029"),
    ),
    "share(open)@2029": lambda d: mean(share(d, weights(d, "open")), months("2029")),
    "share(CN open|US open)@2029": lambda d: mean(
        share(d, weights(d, "open") & (home(d, "CN") | home(d, "US"))), months("2029")
    ),
    "share(CN-open-A|US-closed-B)@2029": lambda d: mean(
        share(d, np.isin(d["line"].values, ["CN-open-A", "US-closed-B"])), months("2029")
    ),
    "share(CN open|CN closed)@2029": lambda d: mean(share(d, home(d, "CN")), months("2029")),
    "share(CN, region=EU, mode=self_hosted)@2029": lambda d: mean(
        ratio(*(d["usage"].values[:, :, 2, lines, 2].sum(axis=2) for lines in (home(d, "CN"), slice(None)))),
        months("2029"),
    ),
    "usage(CN, region=EU)@sum(2029)": lambda d: (
        d["usage"].values[:, months("2029"), 2][:, :, home(d, "CN")].sum(axis=(1, 2, 3))
    ),
    "usage@sum(2029)": lambda d: d["usage"].values[:, months("2029")].sum(axis=(1, 2, 3, 4)),
    "released(US-closed-A)@2027": lambda d: mean(
        d["released"].values[..., list(d["line"].values).index("US-closed-A")], months("2027")
    ),
    "installed_base(CN)@2029": lambda d: mean(
        d["installed_base"].values[..., home(d, "CN")].sum(axis=2), months("2029")
    ),
    "L1(CN open|CN closed)@2026-01": lambda d: (lens(d, "L1", "CN open") + lens(d, "L1", "CN closed"))[:, 24],
    "L6(EU)@2026": lambda d: mean(d["L6"].values[..., 2], months("2026")),
    "chips_smuggled(region=CN)@sum(2025)": lambda d: d["chips_smuggled"].values[:, months("2025"), 1].sum(axis=1),
    "multi_homing(enterprise)@2026-02": lambda d: d["multi_homing"].values[:, 25, TYPES.index("enterprise")],
    "data(CN-open-A, sector=robotics)@last": lambda d: d["data"].values[
        :, -1, list(d["line"].values).index("CN-open-A"), SECTORS.index("robotics")
    ],
    # two of them
    "share(CN, region=GS)@2030 - share(CN, region=US)@2030": lambda d: (
        mean(share(d, home(d, "CN"), region="GS"), months("2030"))
        - mean(share(d, home(d, "CN"), region="US"), months("2030"))
    ),
    "(share(CN) / share(US))@2030": lambda d: mean(share(d, home(d, "CN")) / share(d, home(d, "US")), months("2030")),
    "share(CN)@2030 / share(US)@2030": lambda d: (
        mean(share(d, home(d, "CN")), months("2030")) / mean(share(d, home(d, "US")), months("2030"))
    ),
    "adoption_enterprise@first above 50% - adoption_startup@first above 50%": lambda d: (
        first_month(named(d, "adoption_enterprise"), 0.5) - first_month(named(d, "adoption_startup"), 0.5)
    ),
    "(capability_gap - capability_gap)@2030": lambda d: np.zeros(2),
    "((adoption_all - adoption_startup) - adoption_public)@2029": lambda d: mean(
        named(d, "adoption_all") - named(d, "adoption_startup") - named(d, "adoption_public"), months("2029")
    ),
    "(adoption_all - (adoption_startup - adoption_public))@2029": lambda d: mean(
        named(d, "adoption_all") - named(d, "adoption_startup") + named(d, "adoption_public"), months("2029")
    ),
    "(adoption_all/(adoption_startup - adoption_public))@2026-01": lambda d: (
        named(d, "adoption_all") / (named(d, "adoption_startup") - named(d, "adoption_public"))
    )[:, 24],
    "log_compute_CN@2029-12 - log_compute_CN@2024-12": lambda d: np.log(
        d["compute"].values[:, 71, 1] / d["compute"].values[:, 11, 1]
    ),
    "release(CN-open-A)@sum(2025)": lambda d: (
        d["release"].values[:, months("2025"), list(d["line"].values).index("CN-open-A")].sum(axis=1)
    ),
    "share(region=EU, CN)@2029": lambda d: mean(share(d, home(d, "CN"), region="EU"), months("2029")),
    "focus_share@first above 2 %": lambda d: first_month(named(d, "focus_share"), 0.02),
    "focus_share@peak()": lambda d: named(d, "focus_share").max(axis=1),
    "focus_share@2030 - focus_share@2026": lambda d: (
        mean(named(d, "focus_share"), months("2030")) - mean(named(d, "focus_share"), months("2026"))
    ),
}


@pytest.mark.parametrize("text", BY_HAND)
def test_an_expression_reads_what_it_says(dataset, text):
    outcome = find_outcome(text)
    refuse_impossible(outcome, SCENARIO)
    found = outcome.read(dataset)
    assert found.dims == ("run",)
    np.testing.assert_allclose(found.values, BY_HAND[text](dataset), rtol=1e-12, atol=1e-15)
    assert find_outcome(outcome.name).name == outcome.name, "its own name reads the same"
    np.testing.assert_array_equal(find_outcome(outcome.name).read(dataset).values, found.values)


def test_a_line_that_closes_leaves_the_open_ones(dataset):
    changed = dataset.copy(deep=True)
    line = list(changed["line"].values).index("CN-open-A")
    changed["openness"].values[:, 40:, line] = 0
    before, after = (find_outcome("share(CN open)").read(data).values for data in (dataset, changed))
    np.testing.assert_array_equal(before[:, :40], after[:, :40])
    assert (after[:, 40:] <= before[:, 40:]).all()
    assert (after[:, 40:] < before[:, 40:]).any()
    both = find_outcome("share(CN open|CN closed)").read(changed).values
    np.testing.assert_allclose(both, find_outcome("share(CN)").read(dataset).values, rtol=1e-12)


def test_months_without_a_value_are_left_out_and_nothing_is_made_of_none(dataset):
    gone = dataset.copy(deep=True)
    gone["usage_by_region_and_sector"].values[0, months("2029")] = 0
    gone["usage_by_region_and_sector"].values[1, months("2029-01", "2029-06")] = 0
    values = find_outcome("share(CN, sector=robotics)@2029").read(gone).values
    level = share(dataset, home(dataset, "CN"), sector="robotics")
    assert np.isnan(values[0])
    assert values[1] == pytest.approx(np.nanmean(level[1, months("2029-07", "2029-12")]))


REFUSED = {
    "share(CN opn)@2029": 'Did you mean "CN open"?',
    "share(CN open, region=UE)@2029": 'there is no region "UE". Known: CN, EU, GS, US',
    "share(CN open, region=EU, sector=manufactring)@2029": 'Did you mean "manufacturing"?',
    "share(CN open, regoin=EU)@2029": 'Did you mean "region"?',
    "share(CN open, region=eu)@2029": 'Did you mean "EU"?',
    "share(CN, region=EU, region=US)": '"region" is given twice',
    "share(CN, region=)": "names nothing",
    "share()@2029": "share names no lines",
    "share(GS)@2029": "has no lab in GS",
    "share(CN, sector=public, mode=api)": "by sector and by mode at once",
    "released(US-closed-Z)@2027": 'Did you mean "US-closed-C"?',
    "released@2029": "does not add up over several values of line",
    "released(CN)@2029": "does not add up over several values of line",
    "L6(US|EU)@2029": "does not add up over several values of region",
    "L3(US)@2029": "does not add up over several values of group",
    "adoption(startups)@2029": 'Did you mean "startup"?',
    "focus_share(US)": "takes no arguments",
    "focus_share@2040": "after the last month that is simulated, 2030-12. Choose an earlier time, or --months 204",
    "focus_share@2031-01 - focus_share@2029": "reads 2031-01, after the last month",
    "focus_share@peek": 'Did you mean "peak"?',
    "focus_share@2029-13": "not a month",
    "focus_share@1999": "outside",
    "focus_share@2029..2027": "ends before it begins",
    "focus_share@2029@2030": 'more than one "@"',
    "take_off_all@2029": "one number a run and has no other time",
    "focus_share@2029 - capability_gap@2029": "takes share and nats together",
    "focus_share - focus_share@2029": "a level with one number a run",
    "take_off_all / half_all": "calculates with a date",
    "L6(EU) - L6(US) - L6(CN)": "more than two parts",
    "((focus_share)@2029": "bracket",
    "(focus_share@2029)@2030": "one number a run already",
    "focus_share@": 'an "@" without a time',
    "focus_share@peak(2031..)": "reads 2031-01, after the last month",
    "focus_share@peak(2032..) - focus_share@2026": "reads 2032-01, after the last month",
    "focus_share@first above": "says no level. Write @first above 50%",
    "focus_share@First Above 5%": "says no level. Write @first above 50%",
    "focus_share@sum(2029)": "no amount a month (share)",
    "fiscal_cost@sum": "no amount a month ($B)",
    "(share(CN) / share(US))@sum": "no amount a month (1)",
    "take_off_all - mean_wait_all": "takes a date with what is no date",
    "base(CN-open-A)@2029": "base names a line",
    "share(CN, US, EU)": '"region" is given twice',
    "usage(CN, EU)@2029": '"region" is given twice. Unite values with "|", or name what is meant',
    "share(line=CN, lines=US)": '"line" is given twice',
    "released(|)": "For example: line=",
    "share(CN (open))": "is no outcome",
    "share(CN)(EU)": "is no outcome",
    "(" * 3000 + "focus_share" + ")" * 3000: "has 6011 letters; at most 200",
    "": "names no outcome",
    "2029": "there is no outcome",
    "share of CN": "is no outcome",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_remedy(text):
    with pytest.raises((ScenarioError, UnknownNameError)) as caught:
        refuse_impossible(find_outcome(text), SCENARIO)
    assert REFUSED[text] in " ".join(str(caught.value).split())


def test_what_the_guide_writes_can_be_read():
    guide = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text(encoding="utf-8").replace("\\|", "|")
    rows = [line.split(" | ")[0] for line in guide.splitlines() if line.startswith("| `")]
    texts = [text for row in rows for text in re.findall("`([^`]+)`", row)]
    written = re.findall(r"`(\w*\([^`]*\)@[^`]+|\(.*\)@[^`]+)`|^    ([(\w].*@\d+)$", guide, re.MULTILINE)
    texts += [first or second for first, second in written if not second.startswith("openloop")]
    assert len(texts) > 20
    for text in texts:
        of = "capex" if text == "@sum" else "focus_share"
        refuse_impossible(find_outcome(f"{of}{text}" if text.startswith("@") else text), SCENARIO)


def test_a_name_too_long_for_a_file_is_refused():
    text = "share(" + "|".join(f"line-{number}" for number in range(20)) + ", US)"
    assert len(text) < 200
    with pytest.raises(ScenarioError, match="at most 200 can name a series"):
        find_outcome(f"{text} - {text}")


def test_a_part_of_two_keeps_its_brackets_in_name_and_words():
    outcome = find_outcome("focus_share - (L1_CN_open - L2_CN_open)")
    assert outcome.name == "focus_share - (L1_CN_open - L2_CN_open)"
    assert outcome.column("2029") == "(focus_share - (L1_CN_open - L2_CN_open))@2029"
    assert outcome.long_name.endswith(
        "minus (Chinese open share of routed tokens outside China (L1) minus Chinese open share of downloads (L2))"
    )
    assert find_outcome("price(CN-open-A, api)").long_name.startswith("price before taxes")


def test_units_follow_what_is_done():
    units = {
        "log_compute_CN@2029 - log_compute_CN@2025": "nats",  # of a ratio, no longer of chips
        "log_compute_CN@change(2029)": "nats",
        "release(CN-open-A)@sum": "1",
        "release(CN-open-A)@2029": "1/month",
        "take_off_all - half_all": "months",
    }
    assert {text: find_outcome(text).unit for text in units} == units
    assert find_outcome("focus_share@change(2029)").signed, "an interval of it is not cut at 0 and 1"
    assert find_outcome("L1_CN_open + L1_CN_open").signed
    with pytest.raises(ScenarioError, match="adds logarithms"):
        find_outcome("log_compute_CN + log_compute_CN")
    assert find_outcome("focus_share@peak()").name == "focus_share@peak"


def test_a_line_called_like_a_group_is_not_taken_for_it():
    lines = {**SCENARIO.parameters.lines, "open": SCENARIO.parameters.lines["CN-open-A"]}
    parameters = SCENARIO.parameters.model_copy(update={"lines": lines})
    with pytest.raises(ScenarioError, match='"open" means several lines'):
        refuse_impossible(find_outcome("share(open)"), SCENARIO.model_copy(update={"parameters": parameters}))


def test_a_name_that_is_no_outcome_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match='Did you mean "focus_share"'):
        find_outcome("focus_shar@2029")


def test_several_are_read_at_once_with_their_units(dataset):
    texts = ("share(CN)@2029", "share(CN)", "capex(US)@sum(2026)", "share(CN)@first above 1%", "share(CN) / share(US)")
    found = read_outcomes(dataset, texts)
    assert [found[name].attrs["units"] for name in found] == ["share", "share", "$B", "months", "1"]
    assert [found[name].attrs["kind"] for name in found] == ["number", "level", "number", "moment", "level"]
    assert found["share(CN)"].dims == ("run", "month")
    assert found["share(CN)@2029"].attrs["long_name"] == "Chinese share of usage, mean of 2029"


# in the verbs

LANGUAGE = (
    "share(CN) / share(US)",
    "(share(CN open, region=EU) - share(CN open, region=US))@2026",
    "L3(US,CN open)@2026",
)
SMALL = {"months": 40, "adopters": 40}


def test_a_comparison_reads_what_it_is_asked_beside_its_own_outcomes():
    plan = make_plan("baseline", ["no-control"], (), SMALL, (), [*LANGUAGE, "focus_share@2025-03", "take_off_all"])
    assert plan.outcomes == (
        "share(CN) over share(US)",
        "(share(CN open, region=EU) - share(CN open, region=US))@2026",
        "L3(region=US, group=CN open)@2026",
    )
    assert plan.at == ("2025-03", "2026-05..2027-04")
    assert [outcome.name for outcome in plan.read[:3]] == list(plan.outcomes)
    assert parse_outcome("focus_share@2025-03", plan) == ("focus_share", "2025-03")
    assert parse_outcome(LANGUAGE[1], plan) == (plan.outcomes[1], plan.at[-1])
    same = make_plan("baseline", ["no-control"], (), SMALL, ("2025-03",))
    first = make_plan("baseline", ["no-control"], (), SMALL, (), ["focus_share@2024-01 - L1_CN_open@2024-01"])
    assert (first.outcomes, first.at) == (("focus_share@2024-01 - L1_CN_open@2024-01",), plan.at[-1:])
    assert parse_outcome("focus_share@peak(2025-01)", plan) == ("focus_share@peak(2025-01)", plan.at[-1])
    assert plan.fingerprint("lockstep") != same.fingerprint("lockstep")
    with pytest.raises(ScenarioError, match="after the last month"):
        make_plan("baseline", ["no-control"], (), SMALL, (), ["focus_share@2030"])


@pytest.mark.parametrize("text", ["focus_share / L1_CN_open", "focus_share - L1_CN_open", "share(CN)@first above 5%"])
def test_an_outcome_of_any_form_is_described(text):
    assert explain(text) == explain(text, "outcome")
    assert explain(text).startswith(f"{find_outcome(text).name} (outcome): {find_outcome(text).long_name}")


def test_a_description_says_which_line_no_scenario_has_by_default():
    assert 'a scenario with a line "CN opn"' in explain("share(CN opn)")
    assert 'Did you mean "CN open"?' in explain("share(CN opn)")
    assert "needs" not in explain("share(CN open|CN-open-A)")
    with pytest.raises(ScenarioError, match="share names no lines"):
        explain("share")


def test_an_ensemble_and_a_study_read_levels_at_their_times_and_the_rest_as_it_is():
    scenario = world(**SMALL)
    recipe, _ = make_recipe(scenario, outcomes=LANGUAGE, at=["2025-01"], curves=[LANGUAGE[0]])
    assert recipe.columns == (
        "(share(CN) over share(US))@2025-01",
        "(share(CN) over share(US))@2026-05..2027-04",
        "(share(CN open, region=EU) - share(CN open, region=US))@2026",
        "L3(region=US, group=CN open)@2026",
    )
    assert recipe.curves == ("share(CN) over share(US)",)
    for text in ("share(CNN)", "share(CN)@", "share(CN)@2024"):
        with pytest.raises(ScenarioError, match="--curves"):
            make_recipe(scenario, curves=[text])
    assert columns(scenario, [LANGUAGE[0], "total_gain@2025-06"], at="2025-01") == [
        recipe.columns[0],
        "total_gain@2025-06",
    ]
    with pytest.raises(DesignError, match="some runs never reach"):
        columns(scenario, "adoption_all@first above 50%")


@pytest.mark.slow
def test_outcomes_in_the_language_are_told_drawn_and_made_again(openloop, tmp_path):
    asked = [word for text in LANGUAGE for word in ("--outcome", text)]
    small = ("--months", 40, "--adopters", 40, "--out", tmp_path)
    assert openloop("compare", "baseline", "no-control", *small, "--replicates", 3, *asked).returncode == 0
    varied = ("--factor", "startup.switching_cost", "--points", 2, "--replicates", 2, "--curves", LANGUAGE[0])
    assert openloop("ensemble", "baseline", *small, *varied, *asked).returncode == 0
    study = ("--factor", "startup.switching_cost,startup.imitation", "--size", 4)
    assert openloop("sensitivity", "baseline", *small, *study, *asked).returncode == 0
    sweep = ("--sweep", "startup.switching_cost=0.2:1:2", "--replicates", 2, "--outcome", LANGUAGE[1])
    assert openloop("compare", "baseline", *small, *sweep).returncode == 0
    folders = sorted({file.parent for file in tmp_path.rglob("findings.json")})
    assert len(folders) == 4
    for folder in folders:
        done = openloop("replay", folder)
        assert done.returncode == 0, done.output
    assert len(list(tmp_path.rglob("elementary-*.png"))) == 3
