"""Tails of the laws of frequencies at 50 digits, by means that share nothing with the library: explicit terms, then Euler-Maclaurin."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

DIGITS = 60
_ORDERS = 24
_EXPLICIT = 60

Series = Callable[[mp.mpf], list[mp.mpf]]


def tail_weight(start: mp.mpf, weight: Callable, series: Series, integral: Callable, steep: Callable) -> mp.mpf:
    """The sum of weight(start + j), j >= 0: explicit while the weight is steep or near its head, else Euler-Maclaurin."""
    total, x = mp.mpf(0), start
    while x < _EXPLICIT or steep(x):
        term = weight(x)
        total += term
        if term < total * mp.mpf(10) ** -45 and x > start + 5:
            return total
        x += 1
    coefficients = series(x)
    total += integral(x) + coefficients[0] / 2
    for k in range(1, _ORDERS):
        total -= mp.bernoulli(2 * k) / (2 * k) * coefficients[2 * k - 1]
    return total


def power_series(x: mp.mpf, exponent: mp.mpf) -> list[mp.mpf]:
    """Taylor coefficients of t^exponent about x."""
    out = [x**exponent]
    for j in range(1, 2 * _ORDERS):
        out.append(out[-1] * (exponent - (j - 1)) / j / x)
    return out


def exponential_series(inner: list[mp.mpf]) -> list[mp.mpf]:
    """Taylor coefficients of e^u from those of u."""
    out = [mp.exp(inner[0])]
    for j in range(1, len(inner)):
        out.append(sum(i * inner[i] * out[j - i] for i in range(1, j + 1)) / j)
    return out


def hurwitz(s: mp.mpf, a: mp.mpf) -> mp.mpf:
    """zeta(s, a): mpmath's own loses relative precision where the value is tiny."""
    return tail_weight(
        a, lambda x: x**-s, lambda x: power_series(x, -s), lambda x: x ** (1 - s) / (s - 1), lambda x: x < 3 * s
    )


def power_tail(gamma: float, shift: float, n: float, count: float = mp.inf) -> mp.mpf:
    """T(n) of Zipf-Mandelbrot; over finitely many quanta by differences."""
    with mp.workdps(DIGITS):
        s, start = mp.mpf(gamma) + 1, 1 + mp.mpf(shift)
        if mp.isinf(count):
            return hurwitz(s, n + start) / hurwitz(s, start)
        if s == 1:
            end = mp.digamma(count + start)
            return (end - mp.digamma(n + start)) / (end - mp.digamma(start))
        end = hurwitz(s, count + start)
        return (hurwitz(s, n + start) - end) / (hurwitz(s, start) - end)


def cutoff_tail(gamma: float, cutoff: float, n: float) -> mp.mpf:
    """T(n) of the power law with an exponential cutoff."""
    with mp.workdps(DIGITS):
        s, kappa = mp.mpf(gamma) + 1, mp.mpf(cutoff)

        def series(x: mp.mpf) -> list[mp.mpf]:
            power = power_series(x, -s)
            fall = [mp.exp(-x / kappa)]
            for j in range(1, len(power)):
                fall.append(-fall[-1] / kappa / j)
            return [sum(power[i] * fall[j - i] for i in range(j + 1)) for j in range(len(power))]

        def beyond(n: mp.mpf) -> mp.mpf:
            return tail_weight(
                n + 1,
                lambda x: x**-s * mp.exp(-x / kappa),
                series,
                lambda x: kappa ** (1 - s) * mp.gammainc(1 - s, x / kappa),
                lambda x: kappa < 3 or x < 3 * s,
            )

        return beyond(mp.mpf(n)) / beyond(mp.mpf(0))


def stretched_tail(theta: float, scale: float, n: float) -> mp.mpf:
    """T(n) of the stretched exponential."""
    with mp.workdps(DIGITS):
        t, kappa = mp.mpf(theta), mp.mpf(scale)
        first = kappa**-t

        def series(x: mp.mpf) -> list[mp.mpf]:
            inner = [-c * first for c in power_series(x, t)]
            inner[0] += first
            return exponential_series(inner)

        def beyond(n: mp.mpf) -> mp.mpf:
            return tail_weight(
                n + 1,
                lambda x: mp.exp(first - (x / kappa) ** t),
                series,
                lambda x: mp.exp(first) * kappa / t * mp.gammainc(1 / t, (x / kappa) ** t),
                lambda x: t * (x / kappa) ** t / x > 0.3,
            )

        return beyond(mp.mpf(n)) / beyond(mp.mpf(0))


def geometric_tail(rate: float, n: float, count: float = mp.inf) -> mp.mpf:
    """T(n) of the geometric law."""
    with mp.workdps(DIGITS):
        c = mp.mpf(rate)
        if mp.isinf(count):
            return mp.exp(-c * n)
        return mp.exp(-c * n) * mp.expm1(-c * (count - n)) / mp.expm1(-c * count)


def lognormal_tail(sigma: float, count: float, n: float) -> mp.mpf:
    """T(n) = Phi(Phi^-1(1 - n/K) - sigma)."""
    with mp.workdps(DIGITS):
        share = mp.mpf(n) / mp.mpf(count)
        if share == 0:
            return mp.mpf(1)
        upper = share if share < 0.5 else 1 - share
        guess = mp.sqrt(2) * mp.erfinv(1 - 2 * upper) if upper > mp.mpf(10) ** -30 else mp.sqrt(-2 * mp.log(upper))
        z = mp.findroot(lambda z: mp.log(mp.erfc(z / mp.sqrt(2)) / 2) - mp.log(upper), guess)
        z = z if share < 0.5 else -z
        return mp.erfc(-(z - sigma) / mp.sqrt(2)) / 2
