"""exp and log for the decisions of adopters, from additions and products only, so that LLVM makes vectors of them.

The functions of the C library handle one number a call, and a choice needs some fifty of them. These give the same bits
on any processor with IEEE arithmetic, whatever its C library. Relative errors stay below 1e-15 (measured over the whole
range: 6e-16 and 9e-16; the last bit is worth 2e-16). ``exp(0)`` is 1 and ``log(1)`` is 0.
"""

from __future__ import annotations

import numba
import numpy as np

_jit = numba.njit(nogil=True, forceinline=True, error_model="numpy")

_ROUND = 6755399441055744.0
"""1.5 * 2^52: adding it rounds a number to a whole one, which is then in the lowest bits."""

_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_LN_2_HIGH, _LN_2_LOW = 0.693145751953125, 1.42860682030941723212e-6
"""ln 2 in two parts. The first ends in zeros, so its products with whole numbers are exact."""

_LEAST = -708.0
"""Below this exp would leave the range of normal numbers, so it gives 0."""

_SQRT_HALF = np.int64(0x3FE6A09E667F3BCD)
_ROUND_BITS = np.int64(0x4338000000000000)
_BIAS, _MANTISSA = np.int64(1023), np.int64(52)


@_jit
def exp(x: float) -> float:
    """e to the ``x``, for ``x`` up to 708; 0 below -708.

    ``x`` is split into a multiple of ln 2, which becomes the exponent, and a rest within 0.347. A polynomial of degree
    10 gives exp of the rest (fitted at Chebyshev points, error 5e-16).

    Parameters
    ----------
    x : float
        Up to 708.

    Returns
    -------
    power : float
    """
    inside = x if x > _LEAST else _LEAST
    shifted = inside * _LOG2_E + _ROUND
    whole = shifted - _ROUND
    r = (inside - whole * _LN_2_HIGH) - whole * _LN_2_LOW
    p = 2.7644743232402527e-07
    p = p * r + 2.7635431672697485e-06
    p = p * r + 2.4801456206466506e-05
    p = p * r + 0.00019841184152729415
    p = p * r + 0.0013888888972835504
    p = p * r + 0.008333333371700601
    p = p * r + 0.04166666666645296
    p = p * r + 0.16666666666609606
    p = p * r + 0.5000000000000022
    p = 1.0 + (r + r * r * p)
    scale = np.int64((np.float64(shifted).view(np.int64) + _BIAS) << _MANTISSA).view(np.float64)
    return p * scale if x > _LEAST else 0.0


@_jit
def log(x: float) -> float:
    """Natural logarithm of a normal number above 0.

    ``x`` is split into a power of two and a factor f between 0.71 and 1.41, whose logarithm is 2 artanh of
    ``(f - 1) / (f + 1)``: an odd series that ends after seven terms (fitted at Chebyshev points, error 7e-16).

    Parameters
    ----------
    x : float
        Above 0, and not below the smallest normal number.

    Returns
    -------
    logarithm : float
    """
    bits = np.float64(x).view(np.int64)
    whole = np.int64((bits - _SQRT_HALF) >> _MANTISSA)
    f = np.int64(bits - np.int64(whole << _MANTISSA)).view(np.float64)
    exponent = np.int64(whole + _ROUND_BITS).view(np.float64) - _ROUND
    s = (f - 1.0) / (f + 1.0)
    z = s * s
    p = 0.08311556063199468
    p = p * z + 0.09070054093429096
    p = p * z + 0.1111143209827702
    p = p * z + 0.14285712061064185
    p = p * z + 0.20000000005620677
    p = p * z + 0.33333333333331056
    return exponent * _LN_2 + (2.0 * s + 2.0 * s * z * p)


@_jit
def power(x: float, exponent: float) -> float:
    """``x`` to the ``exponent``.

    Parameters
    ----------
    x, exponent : float
        From 0, and above 0.

    Returns
    -------
    power : float
    """
    return exp(exponent * log(x)) if x > 1e-300 else 0.0
