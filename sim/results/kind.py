"""What a kind of result is: how its folder is written, recognised, made again, retold and captioned.

Each room of `sim.experiments` that leaves a folder behind, and `sim.validation`, has a module ``kind.py`` with one
frozen object, its ``KIND``. It is found by its place and listed nowhere. `sim.results.folder` writes every kind, and
``openloop replay`` and ``openloop report`` go through the kinds without knowing any by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from sim.basics.errors import FolderError, OutputError
from sim.results.blocks import Chapter

if TYPE_CHECKING:
    from sim.results.differences import Finding
    from sim.scenario import Scenario

FIGURES, FINDINGS, SCENARIO = "figures", "findings.json", "scenario.yaml"
"""Where the figures of every kind lie, what is told of it, and the scenario where there is one."""

ROOMS = ("sim.experiments", "sim.validation")
"""Packages whose rooms may have a kind of their own."""

Progress = Callable[..., object]
"""Called with the number of steps just done and, where it is known, the seconds that the rest will take."""

Stage = Callable[[int], AbstractContextManager[Progress | None]]
"""Told how many steps come next; the context yields what to call with those that are done."""


@dataclass(frozen=True)
class Folder:
    """A folder of results.

    Attributes
    ----------
    kind : what it is
    manifest : what it says about itself
    """

    path: Path
    kind: Kind
    manifest: dict[str, Any]

    @property
    def version(self) -> str:
        """The version of OpenLoop that made it."""
        return str(self.manifest.get("openloop", "unknown"))

    @property
    def hash(self) -> str:
        """The eight digits that stand for its inputs."""
        return str(self.manifest.get("hash", "unknown"))

    @property
    def engine(self) -> str:
        """The engine that made it; empty where none did."""
        return str(self.manifest.get("engine", ""))

    @property
    def title(self) -> str:
        """The name of what it is about."""
        return self.kind.title(self)

    @property
    def recorded(self) -> dict[str, str]:
        """File -> checksum, as the manifest has them."""
        return dict(self.manifest.get("files", {}))

    @property
    def store(self) -> Path | None:
        """Folder of the runs behind it, where that is another kind of folder or a store."""
        return self.kind.store(self)

    @property
    def chapter(self) -> Chapter:
        """What is told of it.

        Raises
        ------
        FolderError
            When that is missing or cannot be read.
        """
        try:
            return Chapter.from_json((self.path / FINDINGS).read_text(encoding="utf-8")).within(self.path)
        except FileNotFoundError:
            command = self.manifest.get("command") or "the command that made it"
            raise FolderError(
                f"{self.path} holds no findings: an earlier edition made it, or it is not finished.\n"
                f"  Make it again: {command}"
            ) from None
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise FolderError(
                f"{self.path / FINDINGS} cannot be read ({type(error).__name__}: {error}).\n"
                f"  openloop replay {self.path} says which files were changed."
            ) from error

    def figures(self) -> list[Path]:
        """Its figures, each once: the SVG, or the PNG where there is no other."""
        drawn = {path.stem: path for ending in ("png", "svg") for path in self.path.glob(f"{FIGURES}/*.{ending}")}
        return [drawn[stem] for stem in sorted(drawn)]


UNSEALED = "without its own checksum, so nobody vouches for its entries"
"""How a manifest is that lost its checksum, or never had one."""


@dataclass(frozen=True)
class Changed:
    """A file that is not what the manifest vouches for; ``how``: changed, missing, unreadable or `UNSEALED`."""

    file: str
    how: str


ONE_RUN = "A single run, and so no interval: one draw of luck."
"""What stands under a figure of one run."""


def run_settings(scenario: Scenario) -> dict[str, int]:
    """The entries of a manifest that say how a scenario was run."""
    return {name: getattr(scenario.run, name) for name in ("seed", "replicates", "months", "adopters")}


def _scenario_beside(folder: Folder) -> tuple[list[Path], bool]:
    file = folder.path / SCENARIO
    return ([file] if file.is_file() else []), False


class NotAtHand(OutputError):
    """What a folder was made from is not there any more, so it cannot be made again."""


@dataclass(frozen=True)
class Contents:
    """What one folder of results is to hold.

    Attributes
    ----------
    name : of the folder
    inputs : fingerprint of everything that decides the numbers, 64 hexadecimal digits
    files : name -> text, table (pandas, written as CSV without its index) or dataset (xarray, written as netCDF)
    entries : of the manifest, beside those that every manifest has
    chapter : what is told of it
    page : file and title of the same as Markdown, with the figures; empty: none
    draw : draws the figures into the folder that it is given; None: there are none
    """

    name: str
    inputs: str
    files: Mapping[str, Any]
    entries: Mapping[str, Any]
    chapter: Chapter
    draw: Callable[[Path], object] | None = None
    page: tuple[str, str] | None = None


@dataclass(frozen=True)
class Again:
    """How a folder is to be made again.

    Attributes
    ----------
    model : where a model of somebody's own stands now (``"mymodels.py:CautiousFirms"``)
    threads : of the kernel; None: all cores
    sample : runs of a store that are done again
    stage : see `Stage`; None: nothing is told
    """

    model: str | None = None
    threads: int | None = None
    sample: int = 5
    stage: Stage | None = None

    def engine_of(self, folder: Folder) -> tuple[str, str | None]:
        """Name of the engine that made a folder, and the model of one's own.

        Raises
        ------
        OutputError
            When it was made with a model of one's own, and nobody said where that stands.
        """
        name, _, own = folder.engine.partition(":")
        if own and self.model is None:
            raise FolderError(
                f"{folder.path} was made with {own.partition('@')[0]}, a model of somebody's own.\n"
                f"  Say where it stands: --model FILE:{own.partition('@')[0]}"
            )
        return name or "lockstep", self.model if own else None

    @contextmanager
    def counted(self, total: int) -> Iterator[Progress | None]:
        """The context of a `Stage`, also where nothing is told."""
        if self.stage is None:
            yield None
            return
        with self.stage(total) as tick:
            yield tick


@dataclass(frozen=True)
class Captions:
    """What stands under the figures of a kind.

    Attributes
    ----------
    drawn_by : how the name of a figure's file begins -> the function that draws it; its docstring is the question
    about : of which outcome, scenario or adopter a figure is, where a folder holds several of one sort
    interval : what its bands and intervals mean
    runs : of how many runs a folder was made
    seeds : the same for its seeds; absent: ``seed`` of the manifest
    """

    drawn_by: Callable[[], Mapping[str, Callable[..., Any]]] = dict
    about: Callable[[Folder, str], str] = lambda folder, stem: ""
    interval: Callable[[Folder, str], str] = lambda folder, stem: ""
    runs: Callable[[Folder], str] = lambda folder: ""
    seeds: Callable[[Folder], str] | None = None


def named_figures(names: Mapping[str, str]) -> Callable[[], dict[str, Callable[..., Any]]]:
    """``drawn_by`` of `Captions`: how the names of files begin -> what draws them, a module of `sim.figures`.

    The function has the name of its module. It is imported when somebody asks, since figures load Matplotlib.
    """
    return lambda: {start: getattr(import_module(f"sim.figures.{name}"), name) for start, name in names.items()}


@dataclass(frozen=True)
class Kind:
    """One kind of result.

    Attributes
    ----------
    name : what the manifest says under ``kind``
    noun : in words, ``"a comparison"``
    heading : of its chapter, with ``{title}`` in it
    files : file, or folder, of a result -> what it holds, in a few words
    needs : files without which a folder says nothing
    contents : what was found -> the contents of its folder; None for a store that only grows and seals its own manifest
    title : the name of what a folder is about
    rebuild : finds the same again from what the folder says; its contents are then compared. None: some runs are done
        again (`sample`), or nothing is
    sample : does some runs of a folder again and says what differs
    scenarios : scenario files of a folder, the base first, and whether the others are told against the base; absent:
        its ``scenario.yaml``, if there is one
    vouch : checks files that the manifest does not list, such as shards of a store: how many, and which were changed
    store : folder of the runs behind a folder, where that is another
    part : names a folder among siblings that belong together, such as the methods of a study; None: each stands alone
    order : place in a report
    short : sentences of its findings at the top of a report
    mark : entry that only its manifests have, which recognises folders of the first edition
    tolerance : relative difference that counts as none when a number is made again
    unsteady : endings of files that are not compared then, since all their numbers stand in the tables
    redraw : the command that draws the figures again, where replay does not
    """

    name: str
    noun: str
    heading: str
    files: Mapping[str, str]
    needs: tuple[str, ...]
    contents: Callable[..., Contents] | None
    title: Callable[[Folder], str]
    rebuild: Callable[[Folder, Again], Any] | None = None
    sample: Callable[[Folder, Again], list[Finding]] | None = None
    scenarios: Callable[[Folder], tuple[list[Path], bool]] = _scenario_beside
    vouch: Callable[[Folder], tuple[int, list[Changed]]] = lambda folder: (0, [])
    store: Callable[[Folder], Path | None] = lambda folder: None
    part: Callable[[Folder], str] | None = None
    captions: Captions = field(default_factory=Captions)
    order: int = 100
    short: int = 4
    mark: str = ""
    tolerance: float = 0.0
    unsteady: tuple[str, ...] = ()
    redraw: Callable[[Folder], str] | None = None


_REGISTERED: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known that stands outside this package; it comes back.

    Raises
    ------
    OutputError
        When another kind has that name.
    """
    if kind.name in kinds() and kinds()[kind.name] is not kind:
        raise OutputError(f'there is a kind of result called "{kind.name}" already; choose another name.')
    _REGISTERED[kind.name] = kind
    return kind


def kinds() -> dict[str, Kind]:
    """Every kind by its name, in the order of a report."""
    known = {**_of_rooms(), **_REGISTERED}
    return dict(sorted(known.items(), key=lambda item: item[1].order))


@cache
def _of_rooms() -> dict[str, Kind]:
    found = {}
    for package in map(import_module, ROOMS):
        for room in iter_modules(package.__path__, f"{package.__name__}."):
            inside = iter_modules(import_module(room.name).__path__, f"{room.name}.") if room.ispkg else [room]
            for module in inside:
                if module.name.rsplit(".", 1)[-1].endswith("kind"):
                    kind = import_module(module.name).KIND
                    found[kind.name] = kind
    return found


def kind_of(manifest: Mapping[str, Any]) -> Kind | None:
    """The kind that a manifest says it is of; None when it says nothing that is known."""
    known = kinds()
    if "kind" in manifest:
        return known.get(str(manifest["kind"]))
    return next((kind for kind in known.values() if kind.mark and kind.mark in manifest), None)


def scenario_of(folder: Folder, name: str = SCENARIO) -> Scenario:
    """A scenario of a folder."""
    from sim.scenario.resolve import load

    return load(folder.path / name).scenario
