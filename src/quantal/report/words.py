"""Numbers as people write them: sizes with a magnitude, powers of ten, estimates with as many digits as they deserve."""

from __future__ import annotations

import math

from quantal.estimate import Estimate

GAP = "\u00a0"
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
MAGNITUDES = ((1e15, None), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"), (0.0, ""))


def power(x: float, digits: int = 3) -> str:
    """A number times a power of ten.

    >>> power(5.76e23), power(1e21)
    ('5.76\xa0×\xa010²³', '10²¹')
    """
    if x == 0 or not math.isfinite(x):
        return f"{x:g}"
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    raised = f"10{str(int(exponent)).translate(RAISED)}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return raised if mantissa == "1" else f"{mantissa}{GAP}×{GAP}{raised}".replace("-", "−")


def size(x: float, digits: int = 3) -> str:
    """A count with its magnitude.

    >>> size(7.31e10), size(512), size(3e18)
    ('73.1\xa0B', '512', '3\xa0×\xa010¹⁸')
    """
    if not math.isfinite(x) or abs(x) >= 1e15 or 0 < abs(x) < 1:
        return power(x, digits)
    x = float(f"{x:.{digits - 1}e}") if abs(x) >= 1e3 or x != round(x) else x
    for limit, letter in MAGNITUDES[1:]:
        if abs(x) >= limit:
            scaled = x / limit if limit else x
            return f"{number(scaled, digits)}{GAP}{letter}" if letter else number(scaled, digits)
    return number(x, digits)


def number(x: float, digits: int = 4) -> str:
    """A plain number where that is short, a power of ten elsewhere.

    >>> number(0.34731, 3), number(2143.4, 3), number(-6.4e13, 3), number(16.0)
    ('0.347', '2,143', '−6.4\xa0×\xa010¹³', '16')
    """
    if x == 0 or not math.isfinite(x):
        return f"{x:g}"
    order = math.floor(math.log10(abs(x)))
    if not -4 <= order < 6:
        return power(x, digits)
    places = 0 if x == round(x) else max(0, digits - 1 - order)
    return f"{x:,.{places}f}".replace("-", "−")


def sized(x: float, role: str, digits: int = 3) -> str:
    """A value of a column: compute as a power of ten, sizes with a magnitude, all else as a number."""
    if role == "compute":
        return power(x, digits)
    if role in ("params", "tokens", "steps", "batch_size", "samples"):
        return size(x, digits)
    return number(x, max(digits, 4))


def estimate_parts(estimate: Estimate, level: float, role: str = "") -> tuple[str, str]:
    """The value, and its interval as "low to high" (or the reason why there is none)."""
    if estimate.value is None:
        return "unknown", estimate.reason or ""
    ends = estimate.interval(level)
    if ends is None:
        return sized(estimate.value, role, 3 if role else 4), estimate.reason or ""
    if role and role != "loss":
        return sized(estimate.value, role), f"{sized(ends[0], role)} to {sized(ends[1], role)}"
    places = _places(estimate.value, *ends)
    if places is None:
        return number(estimate.value, 3), f"{number(ends[0], 3)} to {number(ends[1], 3)}"
    value, low, high = (f"{x:,.{places}f}".replace("-", "−") for x in (estimate.value, *ends))
    return value, f"{low} to {high}"


def _places(value: float, low: float, high: float) -> int | None:
    """Decimals that give the half-width two digits and the largest of the three numbers three; None for a power of ten."""
    if value == 0 or not math.isfinite(high) or not 1e-4 <= abs(value) < 1e6 or abs(high) >= 1e6:
        return None
    width = 0.5 * (high - low)
    needed = 3 - 1 - math.floor(math.log10(max(abs(value), abs(low), abs(high))))
    if width > 0:
        needed = max(needed, 1 - math.floor(math.log10(width)))
    return min(max(0, needed), 6)


def percent(share: float, digits: int = 2) -> str:
    """A share in percent.

    >>> percent(0.01234)
    '1.2\xa0%'
    """
    if share == 0 or not math.isfinite(share):
        return f"{100 * share:g}{GAP}%"
    order = math.floor(math.log10(abs(100 * share)))
    return f"{100 * share:.{max(0, digits - 1 - order)}f}{GAP}%".replace("-", "−")


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "run"), counted(1200, "run")
    ('1 run', '1,200 runs')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def decades(x: float) -> str:
    """How far a point lies beyond the runs."""
    return "inside the runs" if x < 0.05 else f"{x:.1f} decades beyond"


def symbol(parameter: str) -> str:
    """A parameter's name with Greek letters for their names.

    >>> symbol("alpha_N"), symbol("E")
    ('α_N', 'E')
    """
    head, _, tail = parameter.partition("_")
    head = GREEK.get(head, head)
    return f"{head}_{GREEK.get(tail, tail)}" if tail else head


GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
