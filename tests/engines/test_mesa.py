"""The Mesa model keeps Mesa's conventions, and can be changed by overriding one decision."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import re
import sys
import weakref
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest

from sim.basics.errors import ModelError, RunError, ScenarioError, UnknownNameError
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


def test_three_iterations_without_a_seed_are_three_worlds_the_replicates_of_a_run():
    sets = "startup.initial_adoption=0.9"
    parameters = {"source": str(BASELINE), "adopters": 80, "months": 4, "agents_watched": False, "sets": sets}
    rows = mesa.batch_run(OpenLoopModel, parameters, iterations=3, display_progress=False)
    told = [row["focus_share"] for row in rows]
    replicates = run(BASELINE, sets, months=4, adopters=80, replicates=3, engine="mesa").dataset["focus_share"]
    assert told == replicates.isel(month=-1).values.tolist()
    assert len(set(told)) == 3
    again = mesa.batch_run(OpenLoopModel, parameters | {"rng": 5}, iterations=2, display_progress=False)
    assert len({row["focus_share"] for row in again}) == 1, "a seed that is given is obeyed"


def test_every_seed_that_mesa_takes_is_taken():
    def seed(**given):
        return OpenLoopModel(BASELINE, adopters=20, months=2, **given).source.run.seed

    assert seed(seed=3) == seed(rng=3) == seed(rng=np.int64(3)) == 3
    drawn = seed(rng=np.random.default_rng(3))
    assert drawn == seed(rng=np.random.default_rng(3)) == seed(rng=np.random.PCG64(3))
    generator = np.random.default_rng(3)
    assert seed(rng=generator) != seed(rng=generator), "the next model of a generator is another world"
    assert seed(rng=[1, 2]) == seed(rng=np.random.SeedSequence([1, 2])) != seed(rng=[1, 3])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": 3, "rng": 3}, "both given"),
        ({"rng": "three"}, "must be a whole number, a generator"),
        ({"seed": 1.5}, "must be a whole number"),
        ({"seed": True}, "--seed is true"),
        ({"replicate": -1}, "at least 0"),
        ({"month": 3}, 'Did you mean "months"'),
    ],
)
def test_what_is_no_seed_is_refused_in_words(given, said):
    with pytest.raises(ScenarioError, match=said):
        OpenLoopModel(BASELINE, **given)


@pytest.fixture
def half_way():
    model = OpenLoopModel(BASELINE, adopters=80, months=8, sets="startup.initial_adoption=0.5")
    for _ in range(4):
        model.step()
    return model


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_a_pickled_model_goes_on_as_if_nothing_had_happened(half_way, copied):
    twin = copied(half_way)
    for model in (half_way, twin):
        model.run_model()
    for name, values in half_way.recorder.series.items():
        assert np.array_equal(values, twin.recorder.series[name], equal_nan=True), name
    tables = [model.datacollector.get_model_vars_dataframe() for model in (half_way, twin)]
    assert len(tables[0]) == 8
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("held", [False, True])
def test_an_occasion_arrives_below_the_hazard_and_not_at_it(half_way, held):
    """Draws below a hazard are as many as the hazard says; who draws the hazard itself does not choose."""
    adopter = next(one for one in half_way.adopters if (one.primary is not None) == held)
    draw, chosen = adopter.random_draw("arrive"), []
    adopter.choose = lambda: chosen.append(adopter)
    for hazard, times in ((draw, 0), (np.nextafter(draw, 1), 1)):
        setattr(adopter, "review_hazard" if held else "arrival_hazard", lambda hazard=hazard: hazard)
        adopter.decide()
        assert len(chosen) == times


def test_a_large_model_and_a_single_adopter_can_be_pickled(half_way):
    firm = pickle.loads(pickle.dumps(half_way.adopters[3]))
    assert firm.model.adopters[3] is firm
    assert [peer.number for peer in firm.peers] == [peer.number for peer in half_way.adopters[3].peers]
    assert all(peer is firm.model.adopters[peer.number] for peer in firm.peers)
    large = OpenLoopModel(BASELINE, adopters=2000, months=1)  # a chain of peers would be too deep
    assert len(pickle.loads(pickle.dumps(large)).adopters) == 2000


def test_adopters_that_are_removed_use_nothing_from_then_on(half_way):
    twin = copy.deepcopy(half_way)
    gone = half_way.adopters[::2]
    for adopter in gone:
        adopter.remove()
    for model in (half_way, twin):
        model.run_model()
    assert len(half_way.agents) == len(twin.agents) - len(gone)
    assert not set(gone) & set(half_way.agents)
    assert all(adopter.primary is None and adopter.usage == [] for adopter in gone)
    used = [model.recorder.series["usage"][0].reshape(8, -1).sum(axis=1) for model in (half_way, twin)]
    assert np.array_equal(used[0][:4], used[1][:4])
    assert (used[0][4:] < 0.8 * used[1][4:]).all()


def test_an_adopter_that_another_removes_in_the_same_round_chooses_no_more():
    class Rival(actors.Startup):
        def decide(self):
            super().decide()
            if self.model.month == 2:
                for adopter in list(self.model.groups[actors.Adopter]):
                    if adopter is not self:
                        adopter.remove()

    class RivalModel(OpenLoopModel):
        startup = Rival

    model = RivalModel(BASELINE, adopters=40, months=6, sets="startup.innovation=0.9")
    model.run_model()
    assert sum(not adopter.left for adopter in model.adopters) == 1
    assert all(adopter.primary is None for adopter in model.adopters if adopter.left)


def test_a_lab_cannot_be_removed_and_says_why_but_a_model_can_be_let_go(half_way):
    with pytest.raises(ModelError, match=r"a Lab cannot be removed while its model runs.*active=false"):
        half_way.labs[0].remove()
    half_way.remove_all_agents()
    assert (len(half_way.agents), half_way.running) == (0, False)


@pytest.mark.parametrize("reset", ["reset_rng", "reset_randomizer"])
@pytest.mark.filterwarnings("ignore:The use of the `seed`:FutureWarning")  # Mesa 3.5
def test_a_reset_with_a_seed_is_other_luck_from_then_on(half_way, reset):
    same, other = copy.deepcopy(half_way), copy.deepcopy(half_way)
    getattr(same, reset)()
    getattr(other, reset)(99)
    for model in (half_way, same, other):
        model.run_model()
    usage, as_before, changed = (model.recorder.series["usage"][0] for model in (half_way, same, other))
    assert np.array_equal(usage, as_before)
    assert np.array_equal(usage[:4], changed[:4])
    assert not np.array_equal(usage[4:], changed[4:])


@pytest.mark.slow
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


def _startup_that(name, gives):
    """A model whose startups override one method."""
    return type("OwnModel", (OpenLoopModel,), {"startup": type("Own", (actors.Startup,), {name: gives})})


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("arrival_hazard", "hazard"),
        ("review_hazard", "hazard"),
        ("outside_value", "worth of an option"),
        ("history", "worth of an option"),
        ("usage_of", "usage"),
    ],
)
def test_a_decision_that_is_no_number_is_a_failed_run(method, what):
    model = _startup_that(method, lambda self, *given: math.nan)
    sets = ["startup.initial_adoption=0.9"]
    with pytest.raises(RunError, match=rf"OwnModel failed in 2024-0\d: RunError: the {what}.* Own \d+ is no number"):
        run(BASELINE, sets, adopters=40, months=6, replicates=1, engine="mesa", model=model)


def test_a_model_that_wants_to_end_the_process_is_one_failed_run():
    def leave(self):
        if self.model.replicate == 1:
            sys.exit("I give up\nat once")
        return 0.5

    result = run(
        BASELINE, adopters=40, months=6, replicates=3, engine="mesa", model=_startup_that("arrival_hazard", leave)
    )
    (failure,) = result.failures
    assert failure.replicate == 1
    assert "SystemExit: I give up at once" in failure.reason, "one line, for tables and messages"
    assert list(result.dataset["run"].values) == [0, 2]


@pytest.mark.parametrize("model", [int, 3, object(), OpenLoopModel.step])
def test_what_is_no_model_is_refused_before_anything_is_run(model):
    with pytest.raises(ModelError, match=r"no subclass of openloop\.Model"):
        run(BASELINE, engine="mesa", model=model)


def test_a_file_that_calls_exit_when_it_is_read_does_not_end_the_process(own_file):
    own_file.write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    with pytest.raises(ModelError, match="py:2 cannot be imported: SystemExit: 3"):
        run(BASELINE, engine="mesa", model=own_file)


def test_what_a_startup_does_in_a_month_stands_in_one_file():
    """A reader who opens the file of the adopters finds the month at its head, and each step below it."""
    text = Path(actors.adopters.__file__).read_text("utf-8")
    head = text[: text.index("from __future__")]
    for step in re.findall(r"`(\w+)`", head):
        assert f"def {step}(" in text or hasattr(OpenLoopModel, step), step
    assert "class Startup(Adopter)" in text
