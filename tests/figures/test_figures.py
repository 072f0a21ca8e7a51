"""What a reader may expect of every figure."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from importlib import import_module
from itertools import combinations
from pkgutil import iter_modules

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import sim.figures
from sim.analysis.record import held_against
from sim.analysis.scurves import SCurve, fit_adoption
from sim.basics.axes import RECORD_ENDS
from sim.evidence.targets import read_targets
from sim.experiments.simulate.request import run
from sim.figures import RUN_FIGURES, adoption_s_curves, draw_all, save_figure
from sim.figures.index_convergence import index_convergence
from sim.figures.record_misfit import MOST_PANELS, record_misfit
from sim.figures.style import letters
from sim.figures.style.axes import plain_number
from sim.figures.style.marks import LETTER, REGION_COLOURS, group_look, spread
from sim.model.events import NewsShock
from sim.model.policies import policy_kinds
from sim.scenario.spec import RunSettings, Scenario

POLICIES = tuple(
    kind(start=6 + 9 * place, end=36 + 9 * place if place % 3 else None, actor=list(REGION_COLOURS)[place % 4])
    for place, kind in enumerate(list(policy_kinds().values())[::2])
)
EVENTS = (NewsShock(start=12, line="CN-open-B"), NewsShock(start=95, line="EU-open"))


def world(**settings: int) -> Scenario:
    settings = {"months": 100, "adopters": 300, "replicates": 4, **settings}
    return Scenario(name="crowded-world", run=RunSettings(**settings), policies=POLICIES, events=EVENTS)


@pytest.fixture(scope="module")
def result():
    return run(world())


@pytest.fixture(scope="module")
def drawn(result):
    curves = fit_adoption(result.dataset)
    figures = {}
    for name, draw in RUN_FIGURES.items():
        more = {"curves": curves} if name == "adoption_s_curves" else {}
        figures[name] = draw(result.dataset, result.scenario, **more)
        FigureCanvasAgg(figures[name]).draw()
    return figures


def panels(figure):
    return [axes for axes in figure.axes if axes.get_gid() != "policies" and axes.get_visible()]


def words(figure):
    """Every text on the figure that can be seen, with its box in pixels."""
    texts = list(figure.texts)
    for axes in figure.axes:
        if not axes.get_visible():
            continue
        texts += [*axes.texts, axes.title, axes._left_title, axes._right_title, axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for place, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True):
                if low <= place <= high:
                    texts.append(label)
    for text in texts:
        if text.get_visible() and text.get_text().strip():
            yield text, text.get_window_extent()


each_figure = pytest.mark.parametrize("name", sorted(RUN_FIGURES))


@pytest.mark.parametrize("name", [module.name for module in iter_modules(sim.figures.__path__) if not module.ispkg])
def test_every_file_holds_the_figure_it_is_named_after_and_the_question_that_it_answers(name):
    draw = getattr(import_module(f"sim.figures.{name}"), name)
    assert draw.__doc__.strip().splitlines()[0].endswith("?")


def test_figures_of_a_run_are_written_under_the_names_of_their_functions():
    assert all(draw.__name__ == name for name, draw in RUN_FIGURES.items())
    assert [draw.__module__ for draw in RUN_FIGURES.values()] == [f"sim.figures.{name}" for name in RUN_FIGURES]


@each_figure
def test_every_axis_carries_a_unit(drawn, name):
    for axes in panels(drawn[name]):
        assert re.search(r"\[.+\]$", axes.get_ylabel())
    assert any(axes.get_xlabel() in ("year", "month") for axes in panels(drawn[name]))


@each_figure
def test_every_policy_appears_as_a_span_and_every_event_as_a_tick(drawn, name):
    strip = next(axes for axes in drawn[name].axes if axes.get_gid() == "policies")
    spans = next(collection for collection in strip.collections if collection.get_gid() == "policy spans").get_paths()
    seen = {round(float(path.vertices[:, 0].min())) for path in spans}
    assert len(seen) >= 6
    assert seen <= {policy.start for policy in POLICIES}
    texts = " ".join(text.get_text() for text in strip.texts)
    assert "export control" in texts
    assert "news shock: CN-open-B" in texts
    left_out = len(POLICIES) + len(EVENTS) - len(seen) - sum("news" in text.get_text() for text in strip.texts)
    assert left_out == 0 or f"and {left_out} more" in texts


@each_figure
def test_the_projection_is_marked_and_explained(drawn, name):
    figure = drawn[name]
    for axes in panels(figure):
        if axes.get_xlim()[1] > RECORD_ENDS:
            assert any(patch.get_gid() == "projection" for patch in axes.patches)
    assert any("projection after 2026-03" in text.get_text() for text in figure.texts)


@each_figure
def test_the_footer_says_which_run_this_is_and_what_the_bands_are(drawn, result, name):
    footer = next(text for text in drawn[name].texts if text.get_gid() == "footer").get_text()
    for part in ("crowded-world", result.dataset.attrs["hash"], "4 replicates", "seed 1", "10-90%"):
        assert part in footer


@each_figure
def test_no_word_is_too_small_cut_off_or_written_over_another(drawn, name):
    refuse_crowded_words(drawn[name])


def refuse_crowded_words(figure):
    """Every word is legible, on the page, and clear of the others."""
    page, found = figure.bbox, []
    for text, box in words(figure):
        assert text.get_fontsize() >= LETTER
        assert box.x0 >= page.x0 - 0.5, text
        assert box.x1 <= page.x1 + 0.5, text
        assert box.y0 >= page.y0 - 0.5, text
        assert box.y1 <= page.y1 + 0.5, text
        found.append((text.get_text(), box))
    for (first, a), (second, b) in combinations(found, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        # boxes are taller than their letters, so a third of a line may be shared
        assert wide <= 1 or high <= 0.36 * min(a.height, b.height), (first, second)


@pytest.mark.slow
def test_no_word_of_the_record_is_crowded_either(result):
    """All shipped series, some of them with longer names, and more series than there are panels."""
    targets = list(read_targets())
    longer = [replace(target, key=f"{target.key}_{target.key}") for target in targets[:7]]
    for series in (targets, targets[:1], [*targets, *longer]):
        figure = record_misfit(held_against(result.dataset, series), "baseline  ·  4 replicates")
        FigureCanvasAgg(figure).draw()
        assert len(panels(figure)) == min(len(series), MOST_PANELS)
        refuse_crowded_words(figure)


def test_regions_keep_their_colour_and_closed_weights_are_dashed():
    assert group_look("CN open") == {"color": REGION_COLOURS["CN"], "linestyle": "-"}
    assert group_look("CN closed") == {"color": REGION_COLOURS["CN"], "linestyle": "--"}
    assert len(set(REGION_COLOURS.values())) == 4


def test_a_ceiling_that_is_not_identified_is_said_not_drawn(result):
    unknown = SCurve("not identified", take_off_absolute=9.0, half_absolute=30.0)
    figure = adoption_s_curves(
        result.dataset, result.scenario, curves={str(name): unknown for name in result.dataset["type"].values}
    )
    for axes in panels(figure):
        assert any("ceiling not identified" in text.get_text() for text in axes.texts)
        assert not any(line.get_linestyle() == ":" for line in axes.lines)
        assert not any(patch.get_hatch() for patch in axes.patches)


def test_the_same_run_gives_the_same_bytes(result, tmp_path):
    draw = RUN_FIGURES["focus_share"]
    first = save_figure(draw(result.dataset, result.scenario), tmp_path / "first")
    second = save_figure(draw(result.dataset, result.scenario), tmp_path / "second")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert b"dc:date" not in first[0].read_bytes()


@pytest.mark.parametrize(
    ("months", "replicates"),
    [(1, 1), (7, 2), *(pytest.param(*size, marks=pytest.mark.slow) for size in ((30, 1), (260, 2)))],
)
def test_short_long_and_single_runs_can_be_drawn(months, replicates, tmp_path):
    found = run(world(months=months, replicates=replicates, adopters=60))
    files = draw_all(found.dataset, found.scenario, tmp_path, formats=("svg",))
    assert [file.stem for file in files] == list(RUN_FIGURES)
    assert all(file.stat().st_size > 2000 for file in files)


def test_labels_are_moved_apart_no_further_than_they_must():
    wanted = [0.5, 0.51, 0.9, 0.1]
    placed = spread(wanted, 0.1, 0.0, 1.0)
    assert np.diff(np.sort(placed)).min() >= 0.1 - 1e-12
    assert placed[:2] == pytest.approx([0.455, 0.555])
    assert placed[2:] == pytest.approx([0.9, 0.1])
    assert spread([0.99, 1.0], 0.2, 0.0, 1.0) == pytest.approx([0.8, 1.0])
    crowd = spread([0.3] * 20, 0.1, 0.0, 1.0)
    assert crowd.min() >= 0
    assert crowd.max() <= 1


@pytest.mark.parametrize(
    ("value", "text"), [(2.5e6, "2.5M"), (0.05, "0.05"), (2e-5, "2·10⁻⁵"), (1e-6, "10⁻⁶"), (0, "0"), (20000, "20k")]
)
def test_numbers_at_ticks_are_plain(value, text):
    assert plain_number(value) == text


# names


def named(name):
    """A figure that holds a name: that of the convergence of indices, which has two logarithmic axes too."""
    parts = [64, 128, 256, 512]
    rows = {"value": 0.4, "low": 0.3, "high": 0.5, "width": 0.2, "disorder": 0.5, "screening": 0.01}
    trace = pd.DataFrame([{"parts": size, "factor": name, **rows} for size in parts])
    return index_convergence(trace, 5.0, {"title": name, "footer": name})


def shown_texts(figure):
    return [text.get_text() for text, _ in words(figure)]


def test_dollar_signs_in_names_are_plain_text_and_no_axis_needs_formulas(tmp_path):
    figure = named("from $10 to $20_{")
    save_figure(figure, tmp_path / "named", ["svg", "png"])
    assert "from $10 to $20_{" in (tmp_path / "named.svg").read_text("utf-8")
    texts = shown_texts(figure)
    assert "from $10 to $20_{" in texts
    assert not [text for text in texts if "mathdefault" in text]


def test_letters_that_no_font_has_are_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(letters, "installed", lambda: ())
    with pytest.warns(UserWarning, match="no installed font has the letters") as told:
        save_figure(named("北京上海 สวัสดี"), tmp_path / "named", ["png"])
    assert len(told) == 1
    assert "..." in str(told[0].message), "a sample of them will do"


def test_an_installed_font_lends_the_letters_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(letters, "HOUSE_FONT", "cmr10")  # has no Greek letters
    monkeypatch.setattr(letters, "installed", lambda: ("cmtt10", "DejaVu Sans Mono", "DejaVu Serif"))
    figure = named("βήτα")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, tmp_path / "named", ["png"])
    [family] = {tuple(text.get_fontfamily()) for text in figure.texts if text.get_text() == "βήτα"}
    assert family == ("cmr10", "DejaVu Sans Mono")
