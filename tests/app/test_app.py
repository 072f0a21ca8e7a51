"""The Mesa page: thin, and able to show a running model. The page itself needs the extra `viz`."""

from __future__ import annotations

import pytest

from tests.worlds import ROOT

PAGE = ROOT / "sim" / "app" / "solara_page.py"


def test_the_page_is_thin():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 70


def test_the_page_runs_its_model_as_its_sliders_say():
    pytest.importorskip("solara")
    from sim.app.solara_page import LINES, PageModel, controls, page

    assert page is not None
    values = {name: control["value"] for name, control in controls.items()}
    model = PageModel(**values)
    for _ in range(3):
        model.step()
    table = model.datacollector.get_model_vars_dataframe()
    assert {"focus_share", *(f"capability {name}" for name in LINES)} <= set(table.columns)
    moved = PageModel(**{**values, "adopters": 100, "rng": "7", "denial": 0.9})
    assert (len(moved.adopters), moved.source.run.seed) == (100, 7)
    assert moved.source.policies[0].strength == 0.9
