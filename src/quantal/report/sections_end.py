"""The end of the page: the quantization reading, runs that weigh, warnings, data and settings."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import Any

import numpy as np

from quantal.report.analysis import Analysis
from quantal.report.charts_fit import called, exponent_draws
from quantal.report.figure import shown
from quantal.report.markup import Html, element, joined, json_script, table
from quantal.report.words import counted, estimate_parts, number, percent, sized, symbol

DATA_CELLS = 300_000
PACKAGES = ("quantal", "numpy", "scipy", "polars", "plotly")

MEANINGS = {
    "gamma_params": ("γ from model size", "α"),
    "gamma_tokens": ("γ from data", "β / (1 − β)"),
    "gap": ("gap, zero under the hypothesis", "β − α / (1 + α)"),
    "nu": ("ν, how the number of quanta grows with size; 1 under the hypothesis", "α (1 − β) / β"),
    "kappa": ("κ, how the two limits combine; infinite in the strict form", "fitted in the nested family"),
}


def reading(found: Analysis) -> Html:
    """The quantization reading in plain words, with its numbers and the draws of the exponents."""
    told = found.reading
    if told is None:
        return element("p", f"No reading: {found.absent.get('reading', 'it was not asked for')}.")
    rows = []
    for name, (meaning, formula) in MEANINGS.items():
        value, ends = estimate_parts(getattr(told, name), found.level)
        rows.append((meaning, formula, value, ends))
    joint = found.fits["chinchilla"]
    tied = _tied_law_ahead(found)
    return joined(
        element(
            "p",
            "The quantization hypothesis says that models learn discrete skills, the quanta, in the order of how often they are used; if "
            "use falls as a power of rank, loss falls as a power of model size and, with a smaller exponent tied to it, of data "
            "(Michaud, Liu, Girit and Tegmark 2023).",
        ),
        [element("p", sentence, class_="verdict") for sentence in _sentences(told.summary)],
        element("p", tied) if tied else None,
        table(
            "The exponents of chinchilla, read as the hypothesis would have them",
            ("quantity", "formula", "value", f"{found.level:g} % interval"),
            rows,
            numeric=(2, 3),
        ),
        shown(exponent_draws(joint)) if joint.draws is not None else None,
    )


def _tied_law_ahead(found: Analysis) -> str | None:
    """What is to be said when a law with tied exponents foretells held-out runs better than the same law without the tie."""
    errors = {one.law: one.heldout_error for one in found.comparison.laws}
    for tied, loose in (("quanta", "chinchilla"), ("quanta_kappa", "kappa")):
        first, second = errors.get(tied), errors.get(loose)
        if first is not None and second is not None and first < second and found.reading is not None:
            turn = "Yet" if found.reading.exponents == "rejected" else "And"
            return (
                f"{turn} with the exponents tied ({tied}) the dearest runs are foretold better than with both free ({loose}): "
                f"{percent(first)} off against {percent(second)}. One parameter fewer is a help there; it is no proof of the hypothesis."
            )
    return None


def _sentences(text: str) -> list[str]:
    first, stop, second = text.partition(". ")
    plain = [
        re.sub(r"-(?=\d)", "−", one).replace("alpha_D", "β").replace("alpha_N", "α").replace("kappa", "κ")
        for one in (first + stop, second)
    ]
    return [one.strip() for one in plain if one.strip()]


def weighing_runs(found: Analysis) -> Html:
    """Runs far off the law, and runs whose absence would move the parameters most."""
    lead, target = found.lead, found.settings.target
    parts: list[Html] = []
    if found.outliers.positions:
        rows = []
        for position, score in zip(found.outliers.positions[:12], found.outliers.scores, strict=False):
            measured, fitted = float(lead.runs[target][position]), float(lead.fitted[position])
            rows.append(
                (_run_name(found, position), number(measured), number(fitted), f"{score:+.0f}".replace("-", "−"))
            )
        parts.append(
            table(
                f"Runs far off {called(lead)}",
                ("run", f"measured {target}", "by the law", "robust standard deviations"),
                rows,
                numeric=(1, 2, 3),
                note=f"{counted(len(found.outliers.positions), 'run')} by more than eight robust standard deviations.",
            )
        )
    else:
        parts.append(element("p", f"No run lies more than eight robust standard deviations off {called(lead)}."))
    if found.influence is None:
        return joined(parts, element("p", f"Influence: {found.absent['influence']}."))
    names = list(found.influence.changes[0]) if found.influence.changes else []
    rows = [
        (_run_name(found, position), *(f"{change[name]:+.2f}".replace("-", "−") for name in names))
        for position, change in zip(found.influence.positions, found.influence.changes, strict=True)
    ]
    return joined(
        parts,
        table(
            "Most influential runs",
            ("run", *(symbol(name) for name in names)),
            rows,
            numeric=range(1, len(names) + 1),
            note="By how many standard errors each parameter would move without the run.",
        ),
    )


def _run_name(found: Analysis, position: int) -> str:
    runs = found.lead.runs
    labels = [str(runs[c.name][position])[:60] for c in runs.columns if c.role == "label"][:1]
    sizes = [
        f"{c.name} {sized(float(runs[c.name][position]), c.role)}"
        for c in runs.columns
        if c.role in ("params", "tokens")
    ]
    return f"row {int(runs.rows[position])}: " + ", ".join([*labels, *sizes])


def warned(found: Analysis) -> Html:
    """Every warning, once, in plain words."""
    if not found.warnings:
        return element("p", "None: nothing in these runs or fits asked for a warning.")
    return element(
        "ul", [element("li", text[:1].upper() + text[1:] + ".") for text in found.warnings], class_="warnings"
    )


def data_and_settings(found: Analysis) -> Html:
    """Settings and versions, and the data of the page to take away."""
    settings, versions = found.settings, package_versions()
    rows = [
        ("runs", f"{found.runs.source}, {counted(len(found.runs), 'run')}"),
        ("rows kept by", settings.where or "all rows"),
        ("highest losses dropped", str(settings.drop_highest_loss)),
        ("target", settings.target),
        ("objective", settings.objective),
        ("bootstrap", f"{settings.bootstrap:,} resamples"),
        ("seed", str(settings.seed)),
        ("levels", ", ".join(f"{level:g} %" for level in settings.levels)),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    button = element("button", "Download the data of this page (JSON)", id="download", type="button")
    return joined(
        table("Settings", ("setting", "value"), rows),
        element("p", button, class_="noprint"),
        json_script("data", finite(page_data(found))),
    )


def page_data(found: Analysis) -> dict[str, Any]:
    """The runs, settings, versions and results that the page carries; large tables are left out, and it says so."""
    cells = sum(np.size(values) for values in found.runs.data.values())
    runs: Any = found.runs.to_dict() if cells <= DATA_CELLS else f"left out: {cells:,} values, more than {DATA_CELLS:,}"
    return {"schema": "quantal.report/1", "versions": package_versions(), "table": runs} | found.to_dict()


def package_versions() -> dict[str, str]:
    """The versions of what made the page."""
    out = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return out


def finite(data: Any) -> Any:
    """Plain data in which what is not finite is None."""
    if isinstance(data, dict):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if isinstance(data, float) and data - data != 0.0:
        return None
    return data
