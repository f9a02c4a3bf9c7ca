"""Which runs to pay for: `next_runs` against an IsoFLOP grid, random and cheapest-first, replayed on measured tables.

The dearest tenth of a table is the target; nine tenths of the rest, drawn by the seed, can be bought. Every strategy starts
from the same six of the cheapest quarter, and pays for them. At each total budget (a share of what all runs for sale cost):

* next_runs knows the budget, and buys in three rounds: each time it is asked again with the runs it has bought;
* the grid buys budget by budget from the cheapest up, seven sizes evenly spaced in log params at each;
* random and cheapest-first buy in their order as far as the money goes.

All forecast the target with the same belief (law, departure and noise) from the runs that they bought; the error is the root
mean square of log(forecast / measured). A strategy has reached an error at the least spending from which on, at every larger
budget, it is no larger. The simulation draws noise of 0.5 % on losses of the nested family with kappa = 1.3 at the sizes of
the Chinchilla table, and is fitted with chinchilla (kappa = 1) throughout; there the error is that against losses without noise.

    QUANTAL_DATA=... python benchmarks/next_runs_replay.py [--seeds 50] [--table NAME ...] [--json FILE]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import quantal as ql
from quantal.plan.belief import believe

SHARES = np.array([0.03, 0.07, 0.15, 0.3, 0.6, 1.0])
LEVELS = (0.15, 0.3, 0.6)
ROUNDS, FIRST, SIZES = 3, 6, 7
SIMULATED = {"E": 1.76, "A": 400.0, "B": 900.0, "alpha": 0.331, "beta": 0.33, "kappa": 1.3}
Columns = dict[str, np.ndarray]


def columns(runs: Any) -> Columns:
    return {name: np.asarray(runs[name]) for name in ("params", "tokens", "compute", "loss")}


def simulated(seed: int) -> Columns:
    made = columns(ql.read_runs("chinchilla"))
    law = ql.get_law("kappa")
    truth = law(params=made["params"], tokens=made["tokens"], **SIMULATED)
    return made | {
        "truth": truth,
        "loss": truth * np.exp(0.005 * np.random.default_rng([seed, 7]).standard_normal(len(truth))),
    }


def tables() -> dict[str, Callable[[int], Columns]]:
    folder = os.environ["QUANTAL_DATA"]
    porian, gadre = f"{folder}/porian_refinedweb_isoflops.csv", f"{folder}/overtraining_losses.csv"
    kept = {
        "chinchilla": ("chinchilla", None),
        "porian-tuned": (porian, 'hparams == "tuned" and param_count == "standard" and loss_kind == "val"'),
        "porian-cosine": (porian, 'hparams == "base" and decay == "chinchilla" and param_count == "standard"'),
        "gadre-rpj": (gadre, 'eval_set == "c4_val" and train_dataset == "rpj"'),
        "gadre-c4": (gadre, 'eval_set == "c4_val" and train_dataset == "c4_original"'),
        "gadre-rw": (gadre, 'eval_set == "c4_val" and train_dataset == "rw_original"'),
    }
    read = {name: columns(ql.read_runs(path, where=where)) for name, (path, where) in kept.items()}
    return {name: (lambda seed, table=table: table) for name, table in read.items()} | {
        "simulated-kappa-1.3": simulated
    }


class Replay:
    def __init__(self, table: Columns, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.table, self.cost = table, table["compute"]
        order = np.argsort(self.cost, kind="stable")
        held = max(1, round(0.1 * len(order)))
        self.target = order[-held:]
        rest = order[:-held]
        self.pool = np.sort(self.rng.choice(rest, round(0.9 * len(rest)), replace=False))
        by_cost = self.pool[np.argsort(self.cost[self.pool], kind="stable")]
        self.first = [int(i) for i in self.rng.choice(by_cost[: max(10, len(by_cost) // 4)], FIRST, replace=False)]
        self.by_cost = [int(i) for i in by_cost]
        self.budgets = SHARES * self.cost[self.pool].sum()

    def at(self, index: Any) -> Columns:
        return {name: self.table[name][index] for name in ("params", "tokens")}

    def off(self, log_loss: np.ndarray) -> float:
        aim = self.table.get("truth", self.table["loss"])[self.target]
        return float(np.sqrt(np.mean((log_loss - np.log(aim)) ** 2)))

    def error(self, index: list[int]) -> float:
        belief = believe(ql.get_law("chinchilla"), self.at(index), self.table["loss"][index])
        return self.off(belief.expected(self.at(self.target)))

    def in_order(self, order: list[int]) -> tuple[list[float], list[float]]:
        bought = self.first + [i for i in order if i not in self.first]
        spent = np.cumsum(self.cost[bought])
        errors: list[float] = []
        costs: list[float] = []
        before = 0
        for budget in self.budgets:
            count = max(FIRST, int(np.searchsorted(spent, budget * (1 + 1e-9), side="right")))
            errors.append(errors[-1] if count == before else self.error(bought[:count]))
            costs.append(float(spent[count - 1]))
            before = count
        return costs, errors

    def random(self) -> tuple[list[float], list[float]]:
        return self.in_order([int(i) for i in self.rng.permutation(self.pool)])

    def cheapest(self) -> tuple[list[float], list[float]]:
        return self.in_order(self.by_cost)

    def grid(self) -> tuple[list[float], list[float]]:
        order: list[int] = []
        for middle, half in self.levels():
            near = self.pool[np.abs(np.log(self.cost[self.pool]) - middle) <= half]
            if len(near):
                n = np.log(self.table["params"][near])
                wanted = np.linspace(n.min(), n.max(), SIZES)
                order += [
                    i for i in dict.fromkeys(int(near[np.argmin(np.abs(n - one))]) for one in wanted) if i not in order
                ]
        return self.in_order(order)

    def levels(self) -> list[tuple[float, float]]:
        """Budgets of the grid: the table's own, or one each factor of two from a place that the seed draws."""
        own = np.unique(self.cost)
        if len(own) <= 20:
            return [(float(np.log(one)), 1e-6) for one in own]
        half = np.log(2.0) / 2
        start = np.log(own.min()) + self.rng.uniform(0, 2 * half)
        return [(float(one), half) for one in np.arange(start, np.log(own.max()), 2 * half)]

    def next_runs(self) -> tuple[list[float], list[float]]:
        costs, errors = [], []
        for budget in self.budgets:
            have = list(self.first)
            for remaining in range(ROUNDS, 0, -1):
                left = float(budget - self.cost[have].sum())
                rest = [i for i in self.by_cost if i not in have]
                if not rest or left < self.cost[rest[0]]:
                    break
                found = self.ask(have, left, rest)
                if found.runs is None:
                    break
                picked = {(n, d) for n, d in zip(found.runs["params"], found.runs["tokens"], strict=True)}
                chosen = [i for i in rest if (self.table["params"][i], self.table["tokens"][i]) in picked]
                have += chosen[: int(np.ceil(len(chosen) / remaining))]
            costs.append(float(self.cost[have].sum()))
            errors.append(self.error(have))
        return costs, errors

    def ask(self, have: list[int], left: float, rest: list[int]) -> Any:
        return ql.next_runs(
            {name: self.table[name][have] for name in ("params", "tokens", "loss")},
            budget=left,
            **self.at(self.target),
            candidates={name: self.table[name][rest] for name in ("params", "tokens", "compute")},
            most=len(rest),
        )


def reached(costs: list[float], errors: list[float], level: float) -> float:
    """The least spending from which on the error is at most ``level``; infinite where it is never kept."""
    worst_later = np.maximum.accumulate(np.array(errors)[::-1])[::-1]
    good = np.flatnonzero(worst_later <= level * (1 + 1e-12))
    if not len(good):
        return float("inf")
    k = int(good[0])
    if k == 0 or worst_later[k - 1] == worst_later[k]:
        return costs[k]
    share = np.log(worst_later[k - 1] / level) / np.log(worst_later[k - 1] / worst_later[k])
    return float(np.exp(np.log(costs[k - 1]) + share * np.log(costs[k] / costs[k - 1])))


def one(table: Columns, seed: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in ("next_runs", "grid", "random", "cheapest"):
        costs, errors = getattr(Replay(table, seed), name)()
        made[name] = {"costs": costs, "errors": errors}
    replay = Replay(table, seed)
    grid_costs, grid_errors = made["grid"].values()
    later = np.maximum.accumulate(np.array(grid_errors)[::-1])[::-1]
    made["all"] = {"cost": float(replay.cost[replay.pool].sum()), "error": replay.error(replay.by_cost)}
    made["ratio"] = {
        f"{share:g}": {
            name: reached(made[name]["costs"], made[name]["errors"], later[k])
            / reached(grid_costs, grid_errors, later[k])
            for name in ("next_runs", "random", "cheapest")
        }
        for k, share in enumerate(SHARES)
        if share in LEVELS
    }
    return made


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=50)
    options.add_argument("--table", action="append")
    options.add_argument("--json")
    given = options.parse_args()
    warnings.simplefilter("ignore", ql.QuantalWarning)
    found: dict[str, Any] = {}
    for name, make in tables().items():
        if given.table and name not in given.table:
            continue
        start = time.process_time()
        found[name] = [one(make(seed), seed) for seed in range(given.seeds)]
        report(name, found[name], time.process_time() - start)
        if given.json:
            with open(given.json, "w", encoding="utf-8") as file:
                json.dump(found, file)


def report(name: str, seeds: list[dict[str, Any]], seconds: float) -> None:
    print(
        f"{name}: {len(seeds)} seeds, {seconds:.0f} s CPU; error on all runs for sale {np.median([s['all']['error'] for s in seeds]):.4f}"
    )
    for way in ("next_runs", "grid", "random", "cheapest"):
        errors = np.median([s[way]["errors"] for s in seeds], axis=0)
        print(
            f"  {way:10s} median error at " + "  ".join(f"{x:g}: {e:.4f}" for x, e in zip(SHARES, errors, strict=True))
        )
    for level in seeds[0]["ratio"]:
        for way in ("next_runs", "random", "cheapest"):
            ratios = np.array([s["ratio"][level][way] for s in seeds])
            print(
                f"  compute of {way:10s} over the grid's, to the error it keeps from {level} of all compute on: "
                f"median {np.median(ratios):.2f}, 90 % {np.quantile(ratios, 0.9, method='higher'):.2f}, "
                f"largest {ratios.max():.2f}, above 1.2 in {np.mean(ratios > 1.2):.0%}"
            )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
