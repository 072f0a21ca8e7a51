"""What the equations of the model are written with: the types of their numbers, and how compiled code can call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

Array: TypeAlias = npt.NDArray[Any]

Values: TypeAlias = float | np.number[Any] | Array
"""A number, or an array of numbers that broadcasts against the other arguments."""

Flags: TypeAlias = bool | np.bool_ | Array
"""Yes or no, or an array of them."""

Result: TypeAlias = Any
"""What an equation makes of `Values`: a number of numbers, an array of arrays. As in NumPy, no narrower type holds."""

Rule = TypeVar("Rule", bound=Callable[..., Any])


def compiled(rule: Rule) -> Rule:
    """Let compiled code call an equation too. It is put where it is called: LLVM makes no vectors of a loop with calls.

    Python still calls the plain function, so one text serves numbers, arrays and the decision kernel.
    """
    return register_jitable(forceinline=True, error_model="numpy")(rule)
