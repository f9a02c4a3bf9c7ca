import math

import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import (
    Accuracy,
    Benchmark,
    Capacity,
    ExactMatch,
    Exponential,
    GradientFlow,
    HardThreshold,
    LossMetric,
    Poisson,
    Sigmoidal,
    StepThreshold,
    Task,
    Zipf,
    emergence_of,
    learned_chance,
    rule_width,
    score,
)

LAW = Zipf(0.4)
WIDTHS = [
    (Poisson(1), 1.34),
    (Poisson(3), 0.684),
    (Poisson(10), 0.359),
    (Poisson(30), 0.204),
    (Poisson(100), 0.112),
    (Exponential(), 1.34),
    (Sigmoidal(1e2, squared=False), 0.451),
    (Sigmoidal(1e3, squared=False), 0.286),
    (Sigmoidal(1e6, squared=False), 0.139),
]


@pytest.mark.parametrize(("rule", "width"), WIDTHS, ids=repr)
def test_the_width_of_one_quantum(rule, width):
    assert rule_width(rule) == pytest.approx(width, abs=0.0051 if width > 1 else 6e-4)


@pytest.mark.parametrize("rule", [Poisson(1), Poisson(30)])
def test_one_quantum_in_samples(rule):
    found = emergence_of(1000, LAW, "samples", rule=rule)
    assert found.width == pytest.approx(rule_width(rule), rel=1e-6)
    assert found.middle * float(LAW.pmf(1000)) == pytest.approx(rule.inverse(0.5), rel=1e-10)


def test_thresholds_of_the_theory():
    """N: c k; D: tau Z k^s; S: first p_k^-omega."""
    in_params = emergence_of(1000, LAW, "params", capacity=Capacity(100.0))
    assert in_params.middle == pytest.approx(99950.0)
    assert 999e2 < in_params.start < in_params.end < 1000e2
    in_samples = emergence_of(1000, LAW, "samples", rule=HardThreshold(7))
    assert in_samples.middle == pytest.approx(7 * LAW.normaliser * 1000**1.4)
    assert in_samples.width == pytest.approx(0, abs=1e-12)
    in_steps = emergence_of(1000, LAW, "steps", step_rule=StepThreshold(5.0, 0.81))
    assert in_steps.middle == pytest.approx(5 * float(LAW.pmf(1000)) ** -0.81)


def test_a_task_waits_for_its_rarest_quantum():
    rule = HardThreshold(7)
    task = emergence_of(Task([3, 50, 2000]), LAW, "samples", rule=rule)
    assert task.middle == pytest.approx(emergence_of(2000, LAW, "samples", rule=rule).middle)
    eased = emergence_of(Task([3, 50, 2000], "any"), LAW, "samples", rule=rule)
    assert eased.middle == pytest.approx(emergence_of(3, LAW, "samples", rule=rule).middle)


def test_concentrated_tasks_break_through_and_spread_ones_rise():
    rule = Poisson(10)
    concentrated = emergence_of(Task(range(1000, 1010), "additive"), LAW, "samples", rule=rule)
    spread = emergence_of(Task([2**j for j in range(1, 15)], "additive"), LAW, "samples", rule=rule)
    assert concentrated.width < 0.4
    assert spread.width > 3


def test_a_hard_metric_makes_a_smooth_skill_look_sudden():
    ranks = [2**j for j in range(1, 12)]
    smooth = emergence_of(Task(ranks, "additive", Accuracy(0.25)), LAW, "samples")
    hard = emergence_of(Task(ranks, "additive", ExactMatch(20)), LAW, "samples")
    loss = emergence_of(Task(ranks, "additive", LossMetric(1.0, 4.0)), LAW, "samples")
    assert hard.width < 0.5 * smooth.width
    assert hard.middle > 10 * smooth.middle
    assert loss.middle == pytest.approx(smooth.middle, rel=1e-9)


def test_a_benchmark_is_the_mean_of_its_tasks():
    tasks = [Task([3]), Task([300])]
    samples = np.geomspace(1, 1e6, 7)
    both = score(Benchmark(tasks, [1, 3]), LAW, samples=samples)
    parts = [score(task, LAW, samples=samples) for task in tasks]
    assert both == pytest.approx(0.25 * parts[0] + 0.75 * parts[1])


def test_limits_that_are_held():
    found = emergence_of(Task([10, 100], "additive"), LAW, "samples", params=50)
    assert found.start is not None
    assert (found.end, found.width) == (None, None)
    assert found.reason is not None
    assert "90 %" in found.reason
    free = emergence_of(10, LAW, "samples", params=50)
    assert free.middle == pytest.approx(emergence_of(10, LAW, "samples").middle)
    assert free.to_dict()["reason"] is None


def test_chances_multiply():
    chance = learned_chance(
        LAW, [1, 40, 2000], params=1e3, samples=[1e2, 1e4], steps=1e3, rule=Poisson(2), step_rule=GradientFlow(0.1)
    )
    p = LAW.pmf([1, 40, 2000])
    expected = [(1 - Poisson(2).at(d * p)) * (1 - np.exp(-0.2 * 1e3 * p)) * [1, 1, 0] for d in (1e2, 1e4)]
    assert chance == pytest.approx(np.array(expected))


def test_a_rule_that_starts_learned_is_refused():
    with pytest.raises(InputError, match="starts with"):
        rule_width(Sigmoidal(1.0))


@pytest.mark.parametrize(
    "call",
    [
        lambda: emergence_of(10, LAW, "tokens"),
        lambda: emergence_of(10, LAW, "samples", samples=10),
        lambda: emergence_of(0, LAW, "samples"),
        lambda: emergence_of(20, Zipf(0.4, 10), "samples"),
        lambda: emergence_of(2, LAW, "samples", params=-1),
        lambda: learned_chance(LAW, [1, math.nan], samples=1),
        lambda: learned_chance(LAW, [1]),
    ],
)
def test_bad_questions_are_refused(call):
    with pytest.raises(InputError):
        call()
