"""The noise of runs: scale by column, known standard errors, runs of one group that share their noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError
from quantal.fit.objective import Objective
from quantal.laws.law import Floats
from quantal.runs import Runs

GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
CORRELATION_STEPS = 60


@dataclass(frozen=True)
class Scale:
    r"""The noise's scale, run by run: \sigma_i^2 = e_i^2 + \sigma^2 \exp(2 t z_i), e_i a known standard error.

    ``errors`` (n,) are in the residual's own unit, ``spread`` (n,) is the centred logarithm of a column; either may be
    missing. The free coordinates are log sigma, then t where there is a spread.
    """

    errors: Floats | None = None
    spread: Floats | None = None

    @property
    def size(self) -> int:
        """How many free coordinates the scale has."""
        return 1 if self.spread is None else 2

    def log_scale(self, phi: Floats) -> tuple[Any, tuple[Any, ...], Any]:
        """log sigma_i (R, n or 1), its derivatives by each coordinate, and the factor c of its second ones, c s_a s_b.

        >>> s, slopes, _ = Scale(spread=np.array([-1.0, 1.0])).log_scale(np.array([[0.0, 0.5]]))
        >>> s.tolist(), slopes[1].tolist()
        ([[-0.5, 0.5]], [-1.0, 1.0])
        """
        s: Any = phi[:, :1]
        along: tuple[Any, ...] = (1.0,)
        if self.spread is not None:
            s = s + phi[:, 1:2] * self.spread
            along = (1.0, self.spread)
        if self.errors is None:
            return s, along, 0.0
        with np.errstate(divide="ignore"):
            known = 2.0 * np.log(self.errors)
        total = np.logaddexp(2.0 * s, known)
        share = np.exp(2.0 * s - total)
        curve = np.where(share > 0, 2.0 * (1.0 - share) / np.maximum(share, 1e-300), 0.0)
        return 0.5 * total, tuple(share * one for one in along), np.where(share > 1e-12, curve, 0.0)

    def take(self, rows: Any) -> Scale:
        """The scale of some of the runs."""
        return Scale(*(None if one is None else one[rows] for one in (self.errors, self.spread)))


@dataclass(frozen=True, eq=False)
class Whitening:
    """A linear map W of residuals (n,) that makes noise of one correlation independent, with log |det W|.

    ``along`` None: runs of a group share a part rho of their variance, as repeated evaluations or seeds do. Otherwise
    neighbours along it are correlated by exp(-distance / length): an Ornstein-Uhlenbeck process, as for the points of
    one training curve. Source: Pinheiro and Bates 2000, sections 5.3.1 and 5.3.3.

    >>> pair = Whitening(np.array([0, 0]), None, 0.6)
    >>> w = pair.matrix.toarray()
    >>> np.allclose(w.T @ w, np.linalg.inv([[1.0, 0.6], [0.6, 1.0]]))
    True
    """

    units: np.ndarray
    along: Floats | None
    correlation: float

    @cached_property
    def matrix(self) -> Any:
        from scipy.sparse import csr_array

        return csr_array(self._shared() if self.along is None else self._neighbours())

    @cached_property
    def log_det(self) -> float:
        rho, n = self.correlation, len(self.units)
        if self.along is None:
            sizes = np.bincount(self.units)
            return float(-0.5 * (n - len(sizes)) * np.log1p(-rho) - 0.5 * np.sum(np.log1p((sizes - 1) * rho)))
        return float(np.sum(np.log(self.matrix.diagonal())))

    def __call__(self, rows: Floats) -> Floats:
        """W applied to each row of (R, n)."""
        return np.asarray((self.matrix @ rows.T).T)

    def back(self, rows: Floats) -> Floats:
        """W transposed applied to each row of (R, n)."""
        return np.asarray((self.matrix.T @ rows.T).T)

    def _shared(self) -> Any:
        from scipy.sparse import coo_array, eye_array

        rho, n = self.correlation, len(self.units)
        sizes = np.bincount(self.units)
        pull = (1.0 - np.sqrt((1.0 - rho) / (1.0 + (sizes - 1) * rho))) / sizes
        order = np.argsort(self.units, kind="stable")
        blocks = np.split(order, np.cumsum(sizes)[:-1])
        i, j = (np.concatenate([np.repeat(b, len(b)) if k else np.tile(b, len(b)) for b in blocks]) for k in (0, 1))
        return (eye_array(n) - coo_array((pull[self.units[i]], (i, j)), shape=(n, n))) / np.sqrt(1.0 - rho)

    def _neighbours(self) -> Any:
        from scipy.sparse import coo_array

        assert self.along is not None
        n = len(self.units)
        order = np.lexsort((self.along, self.units))
        same = self.units[order][1:] == self.units[order][:-1]
        gap = np.abs(np.diff(self.along[order]))
        # the correlation is that of two runs one e-fold apart along the column
        phi = np.where(same, np.minimum(self.correlation ** np.maximum(gap, 1e-12), 1 - 1e-9), 0.0)
        width = np.concatenate([[1.0], np.sqrt(1.0 - phi**2)])
        i = np.concatenate([order, order[1:]])
        j = np.concatenate([order, order[:-1]])
        return coo_array((np.concatenate([1.0 / width, -phi / width[1:]]), (i, j)), shape=(n, n))


def scale_of(runs: Runs, y: Floats, objective: Objective) -> Scale:
    """The noise's scale for these runs, from the columns that the objective names.

    Raises:
        DataError: a column is missing, or holds a value that no standard error or logarithm can have.
    """
    errors = spread = None
    if objective.errors is not None:
        errors = _numbers(runs, objective.errors, "known standard errors", zero=True)
        errors = errors / y if objective.residual == "log" else errors
    if objective.scale_by is not None:
        logs = np.log(_numbers(runs, objective.scale_by, "what the noise depends on", zero=False))
        if np.ptp(logs) == 0:
            raise DataError(
                f"{runs.source}: noise cannot depend on {objective.scale_by}, which is the same in all runs"
            )
        spread = logs - logs.mean()
    return Scale(errors, spread)


def whitening_of(runs: Runs, objective: Objective, correlation: float | None) -> Whitening | None:
    """The map that makes the noise of these runs independent, None for noise that is so already.

    Raises:
        DataError: the group holds one run each, or a column is missing.
    """
    if objective.within is None or correlation is None:
        return None
    _, units = np.unique(np.asarray(runs[objective.within]).astype(str), return_inverse=True)
    if len(np.unique(units)) == len(units):
        raise DataError(
            f"{runs.source}: every run has a {objective.within} of its own, so no two of them share their noise; "
            "name a column whose runs belong together, or leave within out"
        )
    along = None
    if objective.along is not None:
        along = np.log(_numbers(runs, objective.along, "the order of points along a curve", zero=False))
    return Whitening(units, along, correlation)


def best_correlation(runs: Runs, objective: Objective, residuals: Floats) -> float:
    """The correlation that maximises the likelihood of residuals (n,), their scale profiled out; golden section."""

    def height(rho: float) -> float:
        white = whitening_of(runs, objective, rho)
        assert white is not None
        r = white(residuals[None, :])[0]
        n = len(r)
        if objective.kind == "squares":
            return 0.5 * n * float(np.log(np.mean(r**2))) - white.log_det
        scale = max(1.4826 * float(np.median(np.abs(r))), 1e-300)
        for _ in range(20):  # the M-estimate of scale: sum of rho'(z) z equals n
            z = r / scale
            scale *= float(np.sqrt(max(np.mean(objective.rho(z)[1] * z), 1e-12)))
        return float(objective.rho(r / scale)[0].sum()) + n * np.log(scale) - white.log_det

    low, high = 0.0, 1.0 - 1e-6
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = height(a), height(b)
    for _ in range(CORRELATION_STEPS):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - GOLDEN * (high - low)
            at_a = height(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + GOLDEN * (high - low)
            at_b = height(b)
        if high - low < 1e-7:
            break
    return 0.5 * (low + high)


def check_noise(objective: Objective, resample: str) -> None:
    """Raise InputError for combinations that have no meaning."""
    named = {k: getattr(objective, k) for k in ("errors", "scale_by", "within") if getattr(objective, k)}
    if named and not objective.noise:
        first = next(iter(named))
        raise InputError(
            f"objective {objective.name} is no noise model, so {first}={named[first]!r} means nothing to it; "
            "use gaussian, student_t or huber_density"
        )
    if objective.along is not None and objective.within is None:
        raise InputError(
            f"along={objective.along!r} needs within=LABEL, the column that says which points are one curve"
        )
    if objective.within is not None and len(named) > 1:
        raise InputError("within cannot be combined with errors or scale_by yet: leave one of them out")
    if objective.within is not None and resample in ("case", "residual"):
        raise InputError(
            f"resample={resample!r} takes runs for independent, and within={objective.within!r} says that they are not; "
            "use resample='group' or 'wild'"
        )


def _numbers(runs: Runs, name: str, purpose: str, zero: bool) -> Floats:
    if name not in runs:
        raise DataError(f"{runs.source}: there is no column {name!r} for {purpose} among {', '.join(runs.names)}")
    if runs.column(name).role in ("label", "array"):
        raise DataError(f"{runs.source}: column {name!r} holds no single number a run, so it cannot give {purpose}")
    values = np.asarray(runs[name], dtype=float)
    bad = ~np.isfinite(values) | (values < 0) | ((values == 0) & (not zero))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{runs.source}, row {int(runs.rows[first])}, column {name!r}: {float(values[first])!r} cannot be used for "
            f"{purpose}; it must be finite and {'not below' if zero else 'above'} zero"
        )
    return values
