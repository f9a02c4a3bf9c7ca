"""Discovery on small language models trained here, on the text that every Python has: token curves, clusters, what is chance."""

from __future__ import annotations

import pydoc_data.topics
import shutil
import tempfile
from pathlib import Path

import numpy as np

from quantal.discover import Discovery, TokenCurves, discover, load_model
from quantal.extras import extra
from quantal.reproduce.claim import Claim, judged
from quantal.train import TextConfig, TextResult, train_text

_WIDTH, _TOKENS, _SEEDS = 32, 600_000, 2
_CURVES, _DRAWS = 3000, 10
_EXPLAINED, _CLUSTERS, _MOST_LOSS = 300, 40, 1.0


def text_claims(seed: int = 0) -> tuple[Claim, ...]:
    """Claims on byte models of two layers, 32 wide, trained on 600,000 different bytes: their token curves over samples (two seeds), and
    the clusters of 300 tokens of one, beside an untrained model of the same shape.

    Raises:
        QuantalError: torch, transformers or scikit-learn is not installed.
    """
    configs = [
        TextConfig(width=_WIDTH, tokens=_TOKENS, evaluations=24, evaluation_tokens=8192, seed=_SEEDS * seed + one)
        for one in range(_SEEDS)
    ]
    results = [train_text(config) for config in configs]
    agreement, beta = _slopes(_curves(results), seed)
    with tempfile.TemporaryDirectory(prefix="quantal-") as folder:
        text, trained, untrained = (Path(folder) / name for name in ("topics.txt", "trained", "untrained"))
        topics = pydoc_data.topics.topics
        text.write_text("\n\n".join(topics[name] for name in sorted(topics)), encoding="utf-8")
        results[0].save_model(trained)
        _untrained(trained, untrained, seed)
        found = _discovered(trained, text, max_loss=_MOST_LOSS, calibration=3, seed=seed)
        chance = _discovered(untrained, text, max_loss=20, calibration=0, seed=seed)
    return (agreement, _sizes(found, beta), _stable(found, chance))


def _curves(results: list[TextResult]) -> TokenCurves:
    """Curves of some evaluation tokens over the samples seen, the seeds' evaluations side by side."""
    some = np.linspace(0, len(results[0].targets) - 1, _CURVES).astype(int)
    seen = [(result.tokens_seen[1:], result.token_loss[1:, some]) for result in results]
    return TokenCurves(
        tuple(f"seed {result.config.seed}, step {step}" for result in results for step in result.steps[1:]),
        np.concatenate([tokens for tokens, _ in seen]).astype(float),
        np.concatenate([losses for _, losses in seen]).T.astype(float),
        tuple(int(one) for one in results[0].targets[some]),
    )


def _slopes(curves: TokenCurves, seed: int) -> tuple[Claim, float | None]:
    """The claim that the two slopes agree, and the slope of the mean's fall."""
    slopes = curves.slopes()
    rng = np.random.default_rng([seed, 0x4C])
    apart = []
    for _ in range(_DRAWS):
        some = rng.integers(len(curves.loss), size=len(curves.loss))
        drawn = TokenCurves(curves.models, curves.scale, curves.loss[some], tuple(curves.tokens[one] for one in some))
        found = drawn.slopes()
        if found["mass"] is not None and found["mean"] is not None:
            apart.append(found["mass"] - found["mean"])
    single = curves.shapes().counts()["monogenic"] / len(curves.loss)
    claim = (
        f"a text's bytes: what single drops ({100 * single:.0f} % of tokens have one) take off the loss falls along samples as the fall "
        "of the mean loss does (difference of the two slopes, 3 standard errors over tokens)"
    )
    mass, mean = slopes["mass"], slopes["mean"]
    if mass is None or mean is None or len(apart) < _DRAWS // 2:
        return Claim(claim, {"theory": 0.0}, None, None, None, "undecided"), mean
    return judged(claim, {"theory": 0.0}, mass - mean, standard_error=float(np.std(apart, ddof=1))), mean


def _discovered(model: Path, text: Path, *, max_loss: float, calibration: int, seed: int) -> Discovery:
    return discover(
        load_model(model),
        text,
        tokens=_EXPLAINED,
        clusters=_CLUSTERS,
        max_loss=max_loss,
        scan=400_000,
        calibration=calibration,
        seed=seed,
    )


def _untrained(trained: Path, place: Path, seed: int) -> None:
    """A model of the same shape with random weights, and the same tokenizer."""
    torch = extra("torch", "discover", "an untrained model")
    transformers = extra("transformers", "discover", "an untrained model")
    shutil.copytree(trained, place)
    torch.manual_seed(seed)
    config = transformers.AutoConfig.from_pretrained(str(trained))
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(place)


def _sizes(found: Discovery, beta: float | None) -> Claim:
    claim = f"sizes of {_CLUSTERS} clusters of {len(found.tokens)} tokens fall by rank as the exponent in samples asks (95 % interval)"
    predicted = {"-1/(1 - beta)": float("nan") if beta is None else -1 / (1 - beta)}
    value = None if found.slope is None else found.slope.corrected.value
    if found.slope is None or value is None or beta is None:
        return Claim(claim, predicted, value, None, None, "undecided")
    return judged(claim, predicted, value, interval=found.slope.corrected.interval(95.0))


def _stable(trained: Discovery, untrained: Discovery) -> Claim:
    """The number of stable clusters of an untrained model; that of the trained one is what would be found if nothing were learned alike."""
    counts = [sum(one.stable for one in found.clusters) for found in (untrained, trained)]
    return judged(
        f"clusters called stable of an untrained model (at most 1 of {_CLUSTERS}), beside those of the trained one",
        {"untrained: none": 0.0, "the trained model's": float(counts[1])},
        float(counts[0]),
        tolerance=1.0,
    )
