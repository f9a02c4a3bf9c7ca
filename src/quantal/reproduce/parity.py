"""Reproduce the study of multitask sparse parity: train the preset's networks, measure, judge, draw."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantal.errors import InputError
from quantal.report import Chart
from quantal.reproduce.claim import Claim
from quantal.reproduce.parity_charts import data_charts, exponent_chart, size_charts
from quantal.reproduce.parity_claims import data_claims, size_claims
from quantal.reproduce.parity_measure import DataStudy, SizeStudy
from quantal.reproduce.parity_presets import Preset, preset, work
from quantal.reproduce.parity_study import run_study
from quantal.runs import write_whole
from quantal.train import ParityResult

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class ParityStudy:
    """What a study found: its preset, its results in the order of `preset.configs`, the claims, and the charts."""

    preset: Preset
    results: tuple[ParityResult, ...]
    claims: tuple[Claim, ...]
    charts: tuple[Chart, ...]

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write claims.json, claims.csv, configs.json and the page parity.html (every figure, no network needed); the page's path."""
        from quantal.reproduce.parity_page import page

        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        texts = {
            "claims.json": json.dumps([_plain(one) for one in self.claims], indent=2, allow_nan=False),
            "claims.csv": _table(self.claims),
            "configs.json": json.dumps([config.to_dict() for config in self.preset.configs], indent=1),
            "parity.html": page(self.preset, self.claims, self.charts),
        }
        for name, text in texts.items():
            write_whole(place / name, lambda beside, text=text: beside.write_text(text, encoding="utf-8"))
        return place / "parity.html"


def parity(
    name: str = "quick",
    *,
    folder: str | os.PathLike[str] | None = None,
    workers: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
) -> ParityStudy:
    """Train the networks of a preset and judge every claim of the theory by them.

    Args:
        name: quick (minutes), fig2-short, fig2, fig10 (hours to weeks; see `estimate`).
        folder: keeps finished results and checkpoints under results/, and gets the claims, the table and the figures; the same call
            with the same folder goes on where it was interrupted.
        workers: processes, one core each.
        seed: shifts the seeds of all trainings, and is that of the bootstrap.
        progress: is told (done, in all).

    Raises:
        InputError: the preset is unknown, or takes hours and no folder is given.

    Source: Michaud et al. 2023 (arXiv 2303.13506), figures 2 and 10.
    """
    chosen = preset(name, seed)
    if folder is None and name != "quick":
        raise InputError(
            f"preset {name!r} takes hours and has no folder to keep what is done; write folder='parity-{name}' "
            f"(on the command line -o parity-{name})"
        )
    place = None if folder is None else Path(folder) / "results"
    results = tuple(run_study(chosen.configs, place, workers, progress, work))
    claims, charts = judge(chosen, results, seed)
    study = ParityStudy(chosen, results, tuple(claims), tuple(charts))
    if folder is not None:
        study.save(folder)
    return study


def judge(chosen: Preset, results: Sequence[ParityResult], seed: int) -> tuple[list[Claim], list[Chart]]:
    """The claims and charts of a preset's results."""
    streams = _by_gamma([one for one in results if one.config.samples is None])
    finite = _by_gamma([one for one in results if one.config.samples is not None])
    several = len(streams) > 1
    claims: list[Claim] = []
    charts: list[Chart] = []
    exponents: dict[str, list[tuple[float, Claim]]] = {}
    for gamma, group in streams.items():
        study = SizeStudy.of(group)
        found = size_claims(study, seed, chosen.step_window)
        exponents.setdefault("alpha_N", []).append((gamma, found[0]))
        exponents.setdefault("alpha_S", []).append((gamma, found[1]))
        claims += [_at(one, gamma) for one in found] if several else found
        charts += [] if several else size_charts(study, chosen.step_window)
    for gamma, group in finite.items():
        study = DataStudy.of(group)
        found = data_claims(study, seed)
        exponents.setdefault("alpha_D", []).append((gamma, found[0]))
        claims += [_at(one, gamma) for one in found] if several else found
        charts[2:2] = [] if several else data_charts(study)
    if several:
        charts = [exponent_chart(pairs, name) for name, pairs in exponents.items()]
    return claims, charts


def _by_gamma(results: Sequence[ParityResult]) -> dict[float, list[ParityResult]]:
    groups: dict[float, list[ParityResult]] = {}
    for one in sorted(results, key=lambda result: result.config.gamma):
        groups.setdefault(one.config.gamma, []).append(one)
    return groups


def _at(claim: Claim, gamma: float) -> Claim:
    return Claim(
        f"gamma = {gamma:g}: {claim.claim}",
        claim.predicted,
        claim.measured,
        claim.interval,
        claim.standard_error,
        claim.verdict,
    )


def _plain(claim: Claim) -> dict[str, Any]:
    predicted = {name: value if math.isfinite(value) else None for name, value in claim.predicted.items()}
    return claim.to_dict() | {"predicted": predicted}


def _table(claims: Sequence[Claim]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["claim", "predicted_pure", "predicted_finite", "measured", "low", "high", "verdict"])
    for one in claims:
        low, high = one.interval or (None, None)
        rows.writerow([one.claim, one.predicted["pure"], one.predicted["finite"], one.measured, low, high, one.verdict])
    return out.getvalue()
