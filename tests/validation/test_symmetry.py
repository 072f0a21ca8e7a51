"""V21 for agents, exactly: two regions of a scenario file that trade labels trade everything, and each agent its luck.

``sim/validation/closed_forms/symmetries.py`` shows the same of the mean-field twin exactly, and of agents within
chance. Here every adopter takes its luck along to its new region, so that not even chance is left.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.basics.axes import REGIONS
from sim.basics.streams import agent_address
from sim.engines.mesa import Enterprise, Government, IndustrialFirm, PublicAgency, Startup
from sim.engines.mesa.model import OpenLoopModel
from sim.engines.world import build
from sim.model.agents.adopter_types import CELLS
from sim.scenario.resolve import from_mapping, load, resolved_text
from sim.validation.closed_forms.symmetries import PLACES, swapped, traded_places, turned

# with this many adopters no two cells of different regions tie for the last adopter of the quota
SETTINGS = {**PLACES, "run": {"months": 22, "adopters": 251, "seed": 6}}
NAMED_AFTER_CHINA = {"L1", "L5", "L5_spend"}
"""Lenses that leave China out by definition."""


def traded_model(other, here):
    """The Mesa model of a world in which China and another region have traded places, luck included."""
    order = swapped(other)
    cell_of = [CELLS.index((REGIONS[order[REGIONS.index(region)]], sector, kind)) for region, sector, kind in CELLS]

    class Moved:
        """An adopter that finds its luck where it did before the trade."""

        def race(self, stream, weights, address):
            if not stream.endswith("block"):
                return super().race(stream, weights, address)
            # blocks are numbered by region; the outside option keeps its number
            return super().race(
                stream, weights, lambda block: block if block >= 8 else 2 * order[block // 2] + block % 2
            )

    class Model(OpenLoopModel):
        startup = type("Startup", (Moved, Startup), {})
        enterprise = type("Enterprise", (Moved, Enterprise), {})
        industrial = type("IndustrialFirm", (Moved, IndustrialFirm), {})
        public = type("PublicAgency", (Moved, PublicAgency), {})
        government = Government

        def _people(self):
            mine, theirs = self.world.population, here.world.population
            at = {(int(c), int(r)): n for n, (c, r) in enumerate(zip(theirs.cell[0], theirs.rank[0], strict=True))}
            self.twin = [at[cell_of[int(c)], int(r)] for c, r in zip(mine.cell[0], mine.rank[0], strict=True)]
            back = np.empty(len(self.twin), int)
            back[self.twin] = np.arange(len(self.twin))
            names = ("size", "size_power", "quality", "cost", "own_hosting", "starts")
            people = replace(
                mine,
                peers=back[theirs.peers[:, self.twin]],
                **{name: getattr(theirs, name)[:, self.twin] for name in names},
            )
            self.world = replace(self.world, population=people)
            super()._people()
            for adopter in self.adopters:
                place = self.twin[adopter.number]
                adopter.address = int(agent_address(int(theirs.cell[0, place]), int(theirs.rank[0, place])))
                adopter.compliance = adopter.random_draw("comply", month=0)
            for government in self.governments:
                government.address = order[government.place]

    return Model


@pytest.mark.parametrize("other", ["EU", "US", "GS"])
def test_two_regions_that_trade_labels_trade_all_outputs_exactly(other, tmp_path):
    here = from_mapping(SETTINGS, name="places")
    (tmp_path / "there.yaml").write_text(resolved_text(traded_places(SETTINGS, "CN", other)), encoding="utf-8")
    there = load(tmp_path / "there.yaml").scenario
    one = OpenLoopModel(here, trace=True, agents_watched=False)
    two = traded_model(other, one)(there, trace=True, agents_watched=False)
    for model in (one, two):
        model.run_model()
    a, b = one.recorder.finish(), two.recorder.finish()
    for slot in ("trace_primary", "trace_secondary"):
        assert np.array_equal(a[slot][0][:, two.twin], b[slot][0]), slot
    assert (np.diff(a["trace_primary"][0].astype(int), axis=0) != 0).sum() > 50, "choices were made"
    for name in set(a) - NAMED_AFTER_CHINA - {"trace_primary", "trace_secondary"}:
        back = turned(name, b[name], swapped(other))
        largest = np.nanmax(np.abs(a[name]), initial=0.0)
        assert np.allclose(a[name], back, rtol=1e-9, atol=1e-12 * largest, equal_nan=True), name
    assert not np.allclose(a["compute"], b["compute"], rtol=1e-3), "the trade is felt"


def test_the_trade_of_labels_is_a_trade_of_adopters():
    here, there = (build([(each, 0)]) for each in (from_mapping(SETTINGS), traded_places(SETTINGS, "CN", "EU")))

    def by_region(world):
        return world.population.count[0].reshape(len(REGIONS), -1)

    assert np.array_equal(by_region(here)[swapped("EU")], by_region(there))
    assert not np.array_equal(by_region(here), by_region(there))
