"""Observational laws: accuracies of many families from few capabilities, the principal components of benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError, LawError
from quantal.laws.jet import expit
from quantal.laws.law import Floats, Input, Law, Target, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Bounds, Parameter, Real
from quantal.laws.verify import verify


def observational_law(columns: Sequence[str]) -> Law:
    r"""\sigma^{-1}(Acc) = \alpha + \sum_j \beta_j S_j, in capabilities S_j that may be below zero.

    Source: Ruan et al. 2024 (arXiv 2405.10938), observational scaling law.

    Raises:
        LawError: no column, or one twice.

    >>> law = observational_law(["pc1", "pc2"])
    >>> float(law(pc1=-1.0, pc2=1.0, alpha=0.5, beta1=0.7, beta2=0.2))
    0.5
    """
    if not columns or len(set(columns)) != len(columns):
        raise LawError(
            f"observational law in {', '.join(columns) or 'nothing'}: name one or more capabilities, each once"
        )
    names = [f"beta{j + 1}" for j in range(len(columns))]

    def function(*capabilities: Any, **p: Any) -> Any:
        return expit(sum((p[n] * s for n, s in zip(names, capabilities, strict=True)), start=p["alpha"]))

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        scales = np.array([max(float(inputs[column].std()), 1e-12) for column in columns])
        share = np.clip(y.mean(), 0.01, 0.99)
        return np.concatenate(
            [
                np.log(share / (1 - share)) + rng.normal(0.0, 1.0, (count, 1)),
                rng.normal(0.0, 1.0, (count, len(columns))) / scales,
            ],
            axis=1,
        )

    made = Law(
        name=f"observational:{','.join(columns)}",
        function=function,
        inputs=tuple(Input(column, signed=True) for column in columns),
        parameters=(
            Parameter("alpha", Bounds(), "log odds where all capabilities are zero"),
            *(Parameter(n, Bounds(), f"change of the log odds with {c}") for n, c in zip(names, columns, strict=True)),
        ),
        target=Target("accuracy", "share of right answers"),
        title=f"Observational law in {', '.join(columns)}",
        formula=r"Acc = \sigma\left(\alpha + \sum_j \beta_j S_j\right)",
        source="Ruan et al. 2024 (arXiv 2405.10938)",
        needs=tuple(varies(column, distinct=3) for column in columns),
        starts=starts,
    )
    verify(made)
    return made


@law(
    title="Capability of one family",
    source="Ruan et al. 2024 (arXiv 2405.10938), log-linear in compute within a family",
    target=Target("capability", "", positive=False),
    starts=lambda inputs, y, rng, count: np.stack([y.mean() + rng.normal(size=count), rng.normal(size=count)], axis=-1),
)
def capability(compute: Any, *, nu: Real, theta: Real) -> Any:
    r"""S(C) = \theta \log_{10} C + \nu

    nu: capability of this family at one FLOP
    theta: its gain for each decade of compute
    """
    return theta * np.log10(compute) + nu


def principal_components(scores: ArrayLike, count: int = 3) -> tuple[Floats, Floats, Floats]:
    """Components (n, count), their directions (count, m) and shares of the variance (count,) of scores (n, m).

    Scores are centred, not scaled. Missing ones (nan) are filled in from the components themselves, until they no
    longer change. Each direction points to where most scores are higher.

    Raises:
        InputError: not a table of at least two models, a column without a score, or more components than columns.

    >>> components, directions, share = principal_components([[0.1, 0.2], [0.3, 0.6], [0.5, 0.4]], count=2)
    >>> components.shape, directions.round(3).tolist(), share.round(3).tolist()
    ((3, 2), [[0.707, 0.707], [0.707, -0.707]], [0.75, 0.25])
    """
    table = np.array(scores, dtype=float)
    if table.ndim != 2 or len(table) < 2 or np.isnan(table).all(axis=0).any() or np.isinf(table).any():
        raise InputError(f"scores of shape {table.shape}: give models in rows, tasks in columns, each with some scores")
    if not 1 <= count <= min(table.shape):
        raise InputError(f"count = {count}: a table of {table.shape} has 1 to {min(table.shape)} components")
    missing = np.isnan(table)
    filled = np.where(missing, np.nanmean(table, axis=0), table)
    for _ in range(1000 if missing.any() else 0):
        mean = filled.mean(axis=0)
        left, size, right = np.linalg.svd(filled - mean, full_matrices=False)
        shown = mean + (left[:, :count] * size[:count]) @ right[:count]
        moved = np.abs(np.where(missing, shown - filled, 0.0)).max()
        filled = np.where(missing, shown, table)
        if moved < 1e-10:
            break
    centred = filled - filled.mean(axis=0)
    _, size, right = np.linalg.svd(centred, full_matrices=False)
    directions = right[:count] * np.where(right[:count].sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return centred @ directions.T, directions, size[:count] ** 2 / np.sum(size**2)
