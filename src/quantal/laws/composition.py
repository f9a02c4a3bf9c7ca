"""What the data are made of: shares of domains, and the vocabulary that the text is written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quantal.errors import LawError
from quantal.laws.draws import floors, log_uniform, middle
from quantal.laws.jet import exp
from quantal.laws.law import Floats, Input, Law, Target, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Bounds, Exponent, Parameter, Positive
from quantal.laws.verify import verify


def mixture_law(columns: Sequence[str]) -> Law:
    r"""L(r) = c + k e^{\sum_j t_j r_j}, in shares r_j of the training data.

    Shares of all domains add up to one, which leaves k and a common part of t free: leave one domain out, and its t
    is zero.

    Source: Ye et al. 2024 (arXiv 2403.16952), data mixing law, eq. 1.

    Raises:
        LawError: no column, or one twice.

    >>> law = mixture_law(["code", "books"])
    >>> float(law(code=0.0, books=0.5, c=2.0, k=1.0, t1=-1.0, t2=0.0))
    3.0
    """
    if not columns or len(set(columns)) != len(columns):
        raise LawError(f"mixture law in {', '.join(columns) or 'nothing'}: name the columns of shares, each once")
    names = [f"t{j + 1}" for j in range(len(columns))]

    def function(*shares: Any, **p: Any) -> Any:
        return p["c"] + p["k"] * exp(sum(p[n] * r for n, r in zip(names, shares, strict=True)))

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        floor, slopes = floors(rng, y, count), rng.normal(0.0, 1.5, (len(columns), count))
        shares = np.array([inputs[column].mean() for column in columns])
        return np.stack([floor, (middle(y) - floor) * np.exp(-shares @ slopes), *slopes], axis=-1)

    made = Law(
        name=f"mixture:{','.join(columns)}",
        function=function,
        inputs=tuple(Input(column, "share", signed=True) for column in columns),
        parameters=(
            Parameter("c", Bounds(0.0, scale=True), "loss that no mixture removes", "unit of the loss"),
            Parameter("k", Bounds(0.0, scale=True), "rest, where all named shares are zero", "unit of the loss"),
            *(Parameter(n, Bounds(), f"effect of the share of {c}") for n, c in zip(names, columns, strict=True)),
        ),
        title=f"Data mixing law in {', '.join(columns)}",
        formula=r"L(r) = c + k e^{\sum_j t_j r_j}",
        source="Ye et al. 2024 (arXiv 2403.16952), eq. 1",
        needs=tuple(varies(column, distinct=3) for column in columns),
        starts=starts,
    )
    verify(made)
    return made


def _vocabulary_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    sizes = [middle(inputs[name]) for name in ("params_non_vocab", "params_vocab", "tokens")]
    powers = log_uniform(rng, 0.05, 1.0, 3 * count).reshape(3, count)
    floor = np.abs(y.min()) * log_uniform(rng, 0.3, 3.0, count) + np.maximum(-y.min(), 0.0)
    parts = rng.dirichlet((1.0, 1.0, 1.0), count).T * (y.mean() + floor)
    scales = [parts[i] * sizes[i] ** powers[i] for i in range(3)]
    return np.stack([floor, *scales, *powers], axis=-1)


@law(
    title="Vocabulary",
    source="Tao et al. 2024 (arXiv 2407.13623), parametric fit of the unigram-normalised loss",
    target=Target("loss", "nats per token, less the unigram model's", positive=False),
    starts=_vocabulary_starts,
)
def vocabulary(
    params_non_vocab: Any,
    params_vocab: Any,
    tokens: Any,
    *,
    E: Positive,
    A1: Positive,
    A2: Positive,
    B: Positive,
    alpha1: Exponent,
    alpha2: Exponent,
    beta: Exponent,
) -> Any:
    r"""L_u = -E + \frac{A_1}{N_{nv}^{\alpha_1}} + \frac{A_2}{N_v^{\alpha_2}} + \frac{B}{D^\beta}

    The loss is taken relative to a unigram model's, so that vocabularies compare; it is mostly below zero, so fit it
    with objective="squares".

    E: how far below the unigram model the loss may come [unit of the loss]
    A1: finite-size term at one non-vocabulary parameter [unit of the loss]
    A2: finite-vocabulary term at one vocabulary parameter [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    alpha1: exponent in non-vocabulary parameters
    alpha2: exponent in vocabulary parameters
    beta: exponent in data
    """
    return A1 * params_non_vocab**-alpha1 + A2 * params_vocab**-alpha2 + B * tokens**-beta - E
