"""The page of a parity study: the table of claims and every figure in one file."""

from __future__ import annotations

from collections.abc import Sequence

from quantal.report import Chart
from quantal.report.figure import shown
from quantal.report.markup import element, table
from quantal.report.page import document
from quantal.reproduce.claim import Claim
from quantal.train import ParityPreset

_ON_A_SCREEN = 12


def page(preset: ParityPreset, claims: Sequence[Claim], charts: Sequence[Chart]) -> str:
    """HTML that needs no network."""
    verdicts = [one.verdict for one in claims]
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in ("holds", "fails", "undecided") if name in verdicts)
    made = table(
        "Predicted and measured",
        ("claim", "pure power law", "exact finite sum", "measured", "95 % interval", "verdict"),
        [_row(one) for one in claims],
        numeric=(1, 2, 3, 4),
        note="verdicts are against the finite sum",
    )
    figures = [shown(one) for one in charts]
    body = element(
        "main",
        element("h1", "Networks on multitask sparse parity"),
        element("p", f"Preset {preset.name}: {preset.about}. {len(preset.configs)} trainings; {counts}."),
        *((figures, made) if len(claims) > _ON_A_SCREEN else (made, figures)),
        id="main",
    )
    return document("Networks on multitask sparse parity", body)


def _row(claim: Claim) -> list[str]:
    ends = "unknown" if claim.interval is None else f"{claim.interval[0]:.3g} to {claim.interval[1]:.3g}"
    numbers = (claim.predicted["pure"], claim.predicted["finite"], claim.measured)
    return [claim.claim, *(_number(one) for one in numbers), ends, claim.verdict]


def _number(value: float | None) -> str:
    return "unknown" if value is None or value != value else f"{value:.3g}"
