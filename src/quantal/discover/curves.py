"""Per-token losses across models or checkpoints, kept as Parquet, classified, and put together into the mean curve."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.discover.models import LanguageModel
from quantal.discover.soft_steps import KINDS, Shapes, classify
from quantal.discover.texts import documents
from quantal.discover.tokens import spread_windows, window_losses
from quantal.errors import DataError, InputError
from quantal.runs import write_whole

Floats = NDArray[np.float64]
_LEAST_SCALES = 4
_LEAST_SINGLE = 10
_LEAST_STEPS = 3


@dataclass(frozen=True, eq=False)
class TokenCurves:
    """Losses in nats of the same tokens in several models, shape (T, n), the models in order of their scale, shape (n,)."""

    models: tuple[str, ...]
    scale: Floats
    loss: Floats
    tokens: tuple[int, ...]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TokenCurves:
        """The inverse of `save`.

        Raises:
            DataError: the file holds no token curves.
        """
        import polars as pl

        try:
            frame = pl.read_parquet(Path(path))
            models = frame.select("model", "scale").unique(maintain_order=True)
            loss = frame["loss"].to_numpy().reshape(len(models), -1).T
            return cls(
                tuple(models["model"]),
                models["scale"].to_numpy(),
                loss.astype(float),
                tuple(frame["token"].head(len(loss))),
            )
        except (pl.exceptions.PolarsError, ValueError, OSError) as error:
            raise DataError(f"{str(path)!r} holds no token curves: {error}") from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as Parquet, one row a model and token: model, scale, token, loss."""
        import polars as pl

        count = len(self.loss)
        frame = pl.DataFrame(
            {
                "model": np.repeat(self.models, count),
                "scale": np.repeat(self.scale, count),
                "token": np.tile(self.tokens, len(self.models)),
                "loss": self.loss.T.ravel(),
            }
        )
        write_whole(Path(path), lambda beside: frame.write_parquet(beside))

    def by_scale(self) -> tuple[Floats, Floats, Floats | None]:
        """Scales (m,), mean losses over models of one scale (T, m), and the standard error from these seeds (T,), None without any."""
        scales = np.unique(self.scale)
        means = np.stack([self.loss[:, self.scale == one].mean(1) for one in scales], axis=1)
        several = [one for one in scales if np.sum(self.scale == one) > 1]
        if not several:
            return scales, means, None
        variances = [self.loss[:, self.scale == one].var(1, ddof=1) / np.sum(self.scale == one) for one in several]
        return scales, means, np.sqrt(np.mean(variances, axis=0))

    def shapes(self) -> Shapes:
        """Each token's kind and place, with the noise of the seeds where there are several."""
        scales, means, noise = self.by_scale()
        return classify(scales, means, noise=noise)

    def parts(self) -> dict[str, Floats]:
        """The mean loss at each scale, taken apart into what each kind of token adds to it, shape (m,); they sum to the mean."""
        _, means, _ = self.by_scale()
        kind = self.shapes().kind
        return {name: means[kind == name].sum(0) / len(means) for name in KINDS}

    def slopes(self) -> dict[str, float | None]:
        """Two slopes along the scale that must agree where the mean curve is made of single drops, each an estimate of one exponent.

        mass: -d ln m / d ln(scale), m the loss that single drops take away for each unit of ln(scale), by where each token is learned
        and how far it falls. mean: the same of -dL / d ln(scale), L the mean loss of all tokens, with no fit of steps. For quanta with
        p_k ∝ k^-(gamma+1) both are gamma/(gamma+1) in samples or steps, and gamma in parameters; the number of quanta learned then
        grows with the exponent 1 - mass in samples. By least squares over the steps from one scale to the next from the largest
        fall of L on, where both fall; no floor of the loss is needed. None where fewer than ten tokens have a single drop or fewer
        than three steps are left.
        """
        scales, means, _ = self.by_scale()
        shapes = self.shapes()
        single = np.isfinite(shapes.place)
        nothing: dict[str, float | None] = {"mass": None, "mean": None}
        if single.sum() < _LEAST_SINGLE:
            return nothing
        x = np.log(scales)
        mass = np.histogram(np.log(shapes.place[single]), x, weights=shapes.drop[single])[0] / len(means) / np.diff(x)
        fall = -np.diff(means.mean(0)) / np.diff(x)
        good = (mass > 0) & (fall > 0) & (np.arange(len(fall)) >= np.argmax(fall))
        if good.sum() < _LEAST_STEPS:
            return nothing
        middle = (x[1:] + x[:-1])[good] / 2
        return {
            name: -float(np.polyfit(middle, np.log(one[good]), 1)[0]) for name, one in (("mass", mass), ("mean", fall))
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: counts of kinds, where tokens are learned, the parts of the mean curve, the two slopes."""
        scales, means, noise = self.by_scale()
        shapes = self.shapes()
        places = shapes.place[np.isfinite(shapes.place)]
        quantiles = np.quantile(places, [0.1, 0.25, 0.5, 0.75, 0.9]).tolist() if places.size else []
        return {
            "models": list(self.models),
            "n_tokens": len(self.loss),
            "scale": scales.tolist(),
            "mean_loss": means.mean(0).tolist(),
            "seeds": noise is not None,
            "kinds": shapes.counts(),
            "learned_at": {"quantiles": [0.1, 0.25, 0.5, 0.75, 0.9], "scale": quantiles},
            "parts": {name: values.tolist() for name, values in self.parts().items()},
            "slopes": self.slopes(),
        }

    def __repr__(self) -> str:
        return f"TokenCurves({len(self.loss)} tokens, {len(self.models)} models; save them as .parquet)"


def token_curves(
    languages: Sequence[LanguageModel],
    text: str | os.PathLike[str],
    *,
    tokens: int = 10_000,
    scale: Sequence[float] | None = None,
    column: str = "text",
    progress: Callable[[int, int | None], None] | None = None,
) -> TokenCurves:
    """Losses of the same tokens in every model; the scale is each model's number of parameters but embeddings, unless given.

    Raises:
        InputError: there are fewer than four different scales, or the models do not read the text as the same tokens.
        DataError: the text is empty, or a loss is not finite.
    """
    check_scales(len(languages), scale)
    sizes = np.array([_params(one) for one in languages] if scale is None else scale, dtype=float)
    check_scales(len(languages), sizes)
    context = min(one.context for one in languages)
    first = LanguageModel(languages[0].name, languages[0].model, languages[0].reader, context, languages[0].vocabulary)
    windows = spread_windows(first, documents(text, column=column), max(1, tokens // context))
    if not windows:
        raise DataError(f"{str(text)!r} holds no two tokens in a row; give a longer text")
    probe = next(documents(text, column=column)).text[:2000]
    rows = []
    for number, language in enumerate(languages):
        if language.vocabulary != first.vocabulary or language.reader.encode(probe) != first.reader.encode(probe):
            raise InputError(
                f"{language.name} reads text as other tokens than {first.name}: compare models with one tokenizer"
            )
        same = LanguageModel(language.name, language.model, language.reader, context, language.vocabulary)
        rows.append(np.concatenate([losses for _, losses in window_losses(same, windows)]))
        if progress is not None:
            progress(number + 1, len(languages))
    order = np.argsort(sizes, kind="stable")
    targets = tuple(one for window in windows for one in window.ids[1:])
    return TokenCurves(tuple(languages[one].name for one in order), sizes[order], np.array(rows)[order].T, targets)


def check_scales(models: int, scale: ArrayLike | None = None) -> None:
    """Refuse what token curves cannot be made of: fewer than four different scales, or a scale that is no size.

    Raises:
        InputError: it is so.
    """
    if models < _LEAST_SCALES:
        raise InputError(
            f"{models} model{'' if models == 1 else 's'}: the shape of a curve needs at least {_LEAST_SCALES} scales; "
            "give more sizes or checkpoints"
        )
    if scale is None:
        return
    sizes = np.asarray(scale, dtype=float)
    if sizes.shape != (models,):
        raise InputError(f"scale holds {sizes.size} numbers for {models} models: give one for each")
    if not np.all(np.isfinite(sizes) & (sizes > 0)):
        raise InputError(
            f"scale holds {sizes[~(np.isfinite(sizes) & (sizes > 0))][0]:g}: sizes, samples or steps are above 0"
        )
    different = len(np.unique(sizes))
    if different < _LEAST_SCALES:
        raise InputError(
            f"{models} models of {different} different scale{'' if different == 1 else 's'}: the shape of a curve needs at least "
            f"{_LEAST_SCALES}; models of one scale are seeds of one another (give other sizes, or say with scale what sets the "
            "checkpoints apart, such as their steps)"
        )


def _params(language: LanguageModel) -> float:
    from quantal.discover.layers import find_layers

    return float(sum(layer.size for layer in find_layers(language.model)))
