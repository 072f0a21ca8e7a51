"""The Mesa model keeps Mesa's conventions, and can be changed by overriding one decision."""

from __future__ import annotations

import gc
import re
import weakref
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest

from sim.basics.errors import ModelError, RunError, UnknownNameError
from sim.cli import main
from sim.engines import mesa as actors
from sim.engines.mesa.model import OpenLoopModel, simulate
from sim.engines.mesa.user_model import load_model, signature
from sim.experiments.simulate.request import run
from sim.scenario.resolve import prepare
from tests.worlds import BASELINE

SMALL = {"adopters": 120, "months": 30, "sets": "startup.initial_adoption=0.5"}


@pytest.fixture(scope="module")
def finished():
    model = OpenLoopModel(BASELINE, **SMALL)
    model.run_model()
    return model


# Mesa's conventions


def test_every_agent_is_an_agent_of_mesa_and_found_by_its_type(finished):
    assert isinstance(finished, mesa.Model)
    counts = {kind.__name__: len(agents) for kind, agents in finished.agents_by_type.items()}
    assert counts["Government"] == 4
    assert counts["Lab"] == len(finished.source.roster)
    assert sum(counts[name] for name in ("Startup", "Enterprise", "IndustrialFirm", "PublicAgency")) == 120
    assert all(isinstance(agent, mesa.Agent) for agent in finished.agents)
    assert len({agent.unique_id for agent in finished.agents}) == len(finished.agents)


def test_the_model_stops_running_after_its_last_month(finished):
    assert not finished.running
    assert finished.steps == 30
    before = finished.recorder.series["adoption"].copy()
    finished.step()
    assert np.array_equal(before, finished.recorder.series["adoption"])


def test_the_data_collector_has_a_row_a_month_and_a_row_an_agent(finished):
    table = finished.datacollector.get_model_vars_dataframe()
    assert len(table) == 30
    assert list(table["month"]) == list(range(30))
    assert np.allclose(table["focus_share"], finished.recorder.series["focus_share"][0])
    agents = finished.datacollector.get_agent_vars_dataframe()
    assert len(agents) == 30 * len(finished.agents)
    assert set(agents["line"].dropna()) <= set(finished.source.roster)


def test_rng_is_the_seed_and_another_seed_is_another_world():
    twice = [OpenLoopModel(BASELINE, rng=seed, **SMALL) for seed in (4, 4, 5)]
    assert [model.source.run.seed for model in twice] == [4, 4, 5]
    for model in twice:
        model.run_model()
    one, same, other = (model.recorder.series["usage"] for model in twice)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_batch_run_varies_what_it_is_told_to_vary():
    rows = pd.DataFrame(
        mesa.batch_run(
            OpenLoopModel,
            {
                "source": str(BASELINE),
                "adopters": 60,
                "months": 6,
                "agents_watched": False,
                "replicate": [0, 1, 2],
                "sets": ["startup.initial_adoption=0.1", "startup.initial_adoption=0.9"],
            },
            max_steps=5,
            data_collection_period=-1,
            display_progress=False,
        )
    )
    assert len(rows) == 6
    by_start = rows.groupby("sets")["adoption startup"]
    assert by_start.max().iloc[0] < by_start.min().iloc[1], "those who begin with more adopters have more"
    assert rows.groupby("sets")["adopted"].nunique().max() > 1, "replicates differ"


def test_a_finished_model_leaves_no_trace_in_memory():
    scenario, _ = prepare(BASELINE, adopters=40, months=3)
    seen = []

    class Watched(OpenLoopModel):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            seen.append(weakref.ref(self))

    simulate([(scenario, 0), (scenario, 1)], model=Watched)
    gc.collect()
    assert [ref() for ref in seen] == [None, None]


# models of one's own


def test_the_example_of_the_readme_changes_what_it_says(own_file):
    settings = {"adopters": 400, "months": 30, "replicates": 2, "engine": "mesa"}
    plain = run(BASELINE, **settings).dataset
    cautious = run(BASELINE, **settings, model=f"{own_file}:CautiousFirms").dataset
    assert list(plain.data_vars) == list(cautious.data_vars)
    assert dict(plain.sizes) == dict(cautious.sizes)

    def moved(data, kind):
        return float(data["switching"].sel(type=kind).sum())

    assert moved(cautious, "enterprise") < 0.8 * moved(plain, "enterprise")
    assert plain.attrs["hash"] != cautious.attrs["hash"], "its runs are not taken for ours"
    assert cautious.attrs["engine"].startswith("mesa:CautiousFirms@")


def test_the_python_call_takes_the_class_itself(own_file):
    kind = load_model(f"{own_file}:CautiousFirms")
    settings = {"adopters": 80, "months": 6, "replicates": 1, "engine": "mesa"}
    by_class = run(BASELINE, **settings, model=kind).dataset
    by_name = run(BASELINE, **settings, model=str(own_file)).dataset  # the only model in its file needs no name
    assert by_class.attrs["engine"] == by_name.attrs["engine"]
    assert by_class.identical(by_name)


def test_the_command_line_runs_a_model_of_ones_own(own_file, tmp_path, monkeypatch, capsys):
    arguments = [
        "run",
        str(BASELINE),
        "--engine",
        "mesa",
        "--model",
        f"{own_file}:CautiousFirms",
        "--adopters",
        "80",
        "--months",
        "30",
        "--replicates",
        "1",
        "--no-figures",
        "--quiet",
        "--out",
        str(tmp_path / "runs"),
    ]
    monkeypatch.setattr("sys.argv", ["openloop", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (folder / "series.nc").is_file()
    assert (folder / "manifest.json").read_text("utf-8").count("CautiousFirms@")


def test_a_model_that_changed_gets_another_name(own_file):
    before = signature(load_model(str(own_file)))
    own_file.write_text(own_file.read_text("utf-8").replace("0.5 *", "0.4 *"), encoding="utf-8")
    assert signature(load_model(str(own_file))) != before


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("x = 1", "", "holds no subclass"),
        ("from sim.engines.mesa.model import OpenLoopModel\nclass A(OpenLoopModel): pass", ":B", 'has no model "B"'),
        ("from sim.engines.mesa.model import OpenLoopModel\nclass A(OpenLoopModel): pass\nB = 1", ":B", "B in"),
        (
            "from sim.engines.mesa.model import OpenLoopModel\nclass A(OpenLoopModel): pass\nclass B(A): pass",
            "",
            "several",
        ),
        ("import sim\n\nthis is no Python", ":A", "py:3 cannot be imported: SyntaxError"),
        ("import sim\n1 / 0", ":A", "py:2 cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_refused_with_the_reason(text, place, said, tmp_path):
    file = tmp_path / "theirs.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=re.escape(said)):
        load_model(f"{file}{place}")


def test_a_file_that_is_not_there_an_engine_without_agents_and_no_engine_at_all_are_refused(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load_model(f"{tmp_path / 'nowhere.py'}:A")
    with pytest.raises(ModelError, match="--engine mesa"):
        run(BASELINE, model="mymodels.py:A")
    with pytest.raises(UnknownNameError, match='Did you mean "mesa"'):
        run(BASELINE, engine="messa")


def test_a_mistake_in_somebodys_agent_is_told_with_its_place_and_costs_no_other_run(tmp_path):
    class Broken(actors.Startup):
        def decide(self):
            if self.model.world.key[0, 0] == broken_key and self.model.month == 2:
                raise ValueError("no idea")
            super().decide()

    class BrokenModel(OpenLoopModel):
        startup = Broken

    settings = {"adopters": 80, "months": 6, "replicates": 3, "engine": "mesa"}
    scenario, _ = prepare(BASELINE, adopters=80, months=6)
    broken_key = OpenLoopModel(scenario, replicate=1).world.key[0, 0]
    result = run(BASELINE, **settings, model=BrokenModel)
    assert [failure.replicate for failure in result.failures] == [1]
    assert re.search(
        r"BrokenModel failed in 2024-03: ValueError: no idea \(.*test_mesa\.py, line \d+\)", result.failures[0].reason
    )
    assert list(result.dataset["run"].values) == [0, 2]
    broken_key = OpenLoopModel(scenario, replicate=0).world.key[0, 0]
    with pytest.raises(RunError, match="no idea"):
        run(BASELINE, **{**settings, "replicates": 1}, model=BrokenModel)


def test_what_a_startup_does_in_a_month_stands_in_one_file():
    """A reader who opens the file of the adopters finds the month at its head, and each step below it."""
    text = Path(actors.adopters.__file__).read_text("utf-8")
    head = text[: text.index("from __future__")]
    for step in re.findall(r"`(\w+)`", head):
        assert f"def {step}(" in text or hasattr(OpenLoopModel, step), step
    assert "class Startup(Adopter)" in text
