"""A user's own Mesa model: models by file and class, and named so that its runs are told from OpenLoop's."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType

from sim.basics.errors import ModelError, suggestion
from sim.engines.mesa.model import OpenLoopModel


def load_model(place: str | os.PathLike[str] | type) -> type[OpenLoopModel]:
    """The class at ``"mymodels.py:CautiousFirms"``, or the class itself.

    The name may be left out if the file holds one model. Loading a model runs the code of its file.

    Raises
    ------
    ModelError
        When there is no such file or class, or the class is no `OpenLoopModel`.
    """
    if inspect.isclass(place) and issubclass(place, OpenLoopModel):
        return place
    if not isinstance(place, str | os.PathLike):
        raise ModelError(
            f"{place!r} is no subclass of openloop.Model; give one, or its file and name, such as "
            "mymodels.py:CautiousFirms"
        )
    file, _, name = os.fspath(place).partition(":")
    path = Path(file)
    if not path.is_file():
        raise ModelError(
            f"{file} does not exist; a model is named by file and class, such as mymodels.py:CautiousFirms"
        )
    module = _imported(path)
    models = {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, OpenLoopModel) and value.__module__ == module.__name__
    }
    if not models:
        raise ModelError(f"{file} holds no subclass of sim.engines.mesa.model.OpenLoopModel")
    if not name and len(models) == 1:
        return next(iter(models.values()))
    if name not in models:
        if name and name in vars(module):
            raise ModelError(f"{name} in {file} is no subclass of sim.engines.mesa.model.OpenLoopModel")
        said = f'has no model "{name}"' if name else "holds several models, so name one after a colon"
        raise ModelError(f"{file} {said}. {suggestion(name, models)}")
    return models[name]


def _imported(path: Path) -> ModuleType:
    # files beside it may be imported, as by a script
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        name = f"own_model_{path.stem}"  # a file that is called numpy.py must not become numpy
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ModelError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except ModelError:
        raise
    except (Exception, SystemExit) as error:  # a script's sys.exit() must not end our process
        line = getattr(error, "lineno", None) or _line_in(error, path)
        place = f"{path}:{line}" if line else str(path)
        raise ModelError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def _line_in(error: BaseException, path: Path) -> int:
    """The last line of the file in an exception's trace; 0 if there is none."""
    line, step = 0, error.__traceback__
    while step is not None:
        if Path(step.tb_frame.f_code.co_filename) == path.resolve() or step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    return line


def signature(model: type[OpenLoopModel]) -> str:
    """``CautiousFirms@1a2b3c4d``: the name of the class, and a checksum of its file."""
    if model is OpenLoopModel:
        return "OpenLoopModel"
    try:
        source = Path(inspect.getfile(model)).read_bytes()
    except (OSError, TypeError):  # typed in at a prompt: only its name tells it from others
        return model.__qualname__
    return f"{model.__qualname__}@{hashlib.sha256(source).hexdigest()[:8]}"
