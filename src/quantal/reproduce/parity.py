"""Reproduce the study of multitask sparse parity: train the preset's networks, measure, judge, draw."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantal.errors import InputError, QuantalError
from quantal.extras import extra
from quantal.report import Chart
from quantal.reproduce.claim import Claim
from quantal.reproduce.parity_charts import data_charts, size_charts
from quantal.reproduce.parity_claims import data_claims, size_claims
from quantal.reproduce.parity_gamma_charts import Against, gamma_charts
from quantal.reproduce.parity_measure import DataStudy, SizeStudy
from quantal.runs import make_folder, write_whole
from quantal.train import MemoryStore, ParityPreset, ParityResult, Standing, Store, open_store, parity_preset, sweep
from quantal.train.job import job_of, result_of

STORE = "store.sqlite"
_LONG = ("fig2-short", "fig2", "fig10")


@dataclass(frozen=True)
class ParityStudy:
    """What a study found: its preset, its results in the order of `preset.configs`, the claims, and the charts."""

    preset: ParityPreset
    results: tuple[ParityResult, ...]
    claims: tuple[Claim, ...]
    charts: tuple[Chart, ...]

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write claims.json, claims.csv, configs.json and the page parity.html (every figure, no network needed); the page's path."""
        from quantal.reproduce.parity_page import page

        place = make_folder(folder)
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
    name: str | ParityPreset = "quick",
    *,
    folder: str | os.PathLike[str] | None = None,
    store: str | os.PathLike[str] | Store | None = None,
    engine: str = "local",
    workers: int | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
    seed: int = 0,
    tell: Callable[[Standing], None] | None = None,
) -> ParityStudy:
    """Train the networks of a preset, as a sweep, and judge every claim of the theory by them.

    What the store holds already is not trained again, so the same call goes on where it was interrupted, and several may share the work.

    Args:
        name: quick (minutes), fig2-short, fig2, fig10 (hours to weeks; see `estimate`), or a preset of your own.
        folder: gets the claims, the table and the figures, and store.sqlite where no store is named.
        store: keeps the trainings: a path (SQLite), a URL (PostgreSQL), or an open store.
        engine, workers, checkpoints: as in `quantal.train.sweep`.
        seed: shifts the seeds of all trainings, and is that of the bootstrap.
        tell: is told how far the sweep is.

    Raises:
        InputError: the preset is unknown, or takes hours and neither a folder nor a store is given.
        QuantalError: a training failed.

    Source: Michaud et al. 2023 (arXiv 2303.13506), figures 2 and 10.
    """
    chosen = parity_preset(name, seed) if isinstance(name, str) else name
    if folder is None and store is None and name in _LONG:
        raise InputError(
            f"preset {name!r} takes hours, and nothing says where to keep what is done; write folder='parity-{name}' "
            f"(on the command line -o parity-{name}), or name a store"
        )
    if folder is not None or store is not None:
        extra("sqlalchemy", "train", "keeping the trainings")
    with contextlib.ExitStack() as stack:
        kept = store if isinstance(store, Store) else MemoryStore()
        if isinstance(store, str | os.PathLike):
            kept = stack.enter_context(open_store(store))
        place = None if folder is None else make_folder(folder)
        if place is not None and store is None:
            kept = stack.enter_context(open_store(place / STORE))
        done = sweep(
            chosen.configs, store=kept, engine=engine, workers=workers, checkpoints=checkpoints, resume=True,
            name=f"parity-{chosen.name}", tell=tell,
        )  # fmt: skip
        if done.failed:
            key, error = next(iter(done.failed.items()))
            raise QuantalError(f"{len(done.failed)} of {done.total} trainings failed, the first {key}: {error}")
        results = tuple(_results(chosen, kept))
    claims, charts = judge(chosen, results, seed)
    study = ParityStudy(chosen, results, tuple(claims), tuple(charts))
    if folder is not None:
        study.save(folder)
    return study


def _results(chosen: ParityPreset, store: Store | MemoryStore) -> list[ParityResult]:
    jobs = [job_of(config) for config in chosen.configs]
    return [result_of(job.kind, job.config, store.arrays(job.key)) for job in jobs]


def judge(chosen: ParityPreset, results: Sequence[ParityResult], seed: int) -> tuple[list[Claim], list[Chart]]:
    """The claims and charts of a preset's results."""
    streams = _by_gamma([one for one in results if one.config.samples is None])
    finite = _by_gamma([one for one in results if one.config.samples is not None])
    sizes = {gamma: SizeStudy.of(group) for gamma, group in streams.items()}
    data = {gamma: DataStudy.of(group) for gamma, group in finite.items()}
    of_sizes = {gamma: size_claims(study, seed, chosen.step_window) for gamma, study in sizes.items()}
    of_data = {gamma: data_claims(study, seed) for gamma, study in data.items()}
    found = [(gamma, claim) for claims in (of_sizes, of_data) for gamma, some in claims.items() for claim in some]
    if len(sizes) < 2 and len(data) < 2:
        charts = [chart for study in sizes.values() for chart in size_charts(study, chosen.step_window)]
        charts[2:2] = [chart for study in data.values() for chart in data_charts(study)]
        return [claim for _, claim in found], charts
    against = [
        Against(name, title, tuple((gamma, claims[place]) for gamma, claims in group.items()))
        for name, title, place, group in (
            ("alpha_N", "alpha_N", 0, of_sizes),
            ("alpha_S", "alpha_S", 1, of_sizes),
            ("alpha_D", "alpha_D", 0, of_data),
            ("time", "exponent of learning times", 3, of_sizes),
            ("learned-tasks", "exponent of learned tasks in params", 4, of_sizes),
            ("learned-tasks-of-data", "exponent of learned tasks in samples", 1, of_data),
        )
        if group
    ]
    return [_at(claim, gamma) for gamma, claim in found], gamma_charts(sizes, data, against, chosen.step_window)


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
