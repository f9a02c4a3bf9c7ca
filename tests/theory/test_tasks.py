import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.theory import Accuracy, Benchmark, ExactMatch, LossMetric, QuantaModel, Task, Zipf, polygenic_unlearned

chances = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(chances)
def test_all_is_below_additive_is_below_any(learned):
    ranks = range(1, len(learned) + 1)
    together = [Task(list(ranks), needs).skill(learned) for needs in ("all", "additive", "any")]
    assert together[0] <= together[1] + 1e-12 <= together[2] + 2e-12
    assert together[0] == pytest.approx(math.prod(learned), abs=1e-12)
    assert together[2] == pytest.approx(1 - math.prod(1 - x for x in learned), abs=1e-12)


def test_weights_and_shapes():
    task = Task([1, 5], "additive", weights=[3, 1])
    assert task.skill([[1.0, 0.0], [0.0, 1.0]]).tolist() == [0.75, 0.25]
    assert Benchmark([task, task], [3, 1]).shares().tolist() == [0.75, 0.25]


def test_metrics():
    assert Accuracy(0.25).at(0.5) == 0.625
    assert LossMetric(1.0, 3.0).at(0.25) == 2.5
    assert ExactMatch(10).at(0.9) == pytest.approx(0.9**10)


@pytest.mark.parametrize(("n", "expected"), [(10, 0.0019), (1e3, 0.233), (1e5, 0.370)])
def test_a_sample_that_needs_twenty_quanta(n, expected):
    """The local exponent at n is gamma m T (1-T)^(m-1) / (1 - (1-T)^m) times n p / T; here by a small secant."""
    tails = QuantaModel(Zipf(0.4)).loss_after(n * np.exp([-1e-4, 1e-4]))
    loss = polygenic_unlearned(tails, 20, "all")
    assert math.log(loss[0] / loss[1]) / 2e-4 == pytest.approx(expected, abs=6e-4)


def test_polygenic_limits():
    mass = QuantaModel(Zipf(0.4)).loss_after(np.array([1e9, 1e10]))
    exponent = {
        needs: math.log10(np.divide(*polygenic_unlearned(mass, 3, needs))) for needs in ("additive", "all", "any")
    }
    assert exponent["additive"] == pytest.approx(0.4, rel=1e-6)
    assert exponent["all"] == pytest.approx(0.4, rel=1e-3)
    assert exponent["any"] == pytest.approx(1.2, rel=1e-6)
    assert polygenic_unlearned([0.0, 1.0], 5, "all").tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Task([]),
        lambda: Task([0]),
        lambda: Task([1, 1]),
        lambda: Task([1.5]),
        lambda: Task([1], "some"),
        lambda: Task([1, 2], "additive", weights=[1]),
        lambda: Task([1, 2], "all", weights=[1, 1]),
        lambda: Benchmark([]),
        lambda: Benchmark([Task([1])], [0.0]),
        lambda: Accuracy(1.0),
        lambda: ExactMatch(0),
        lambda: LossMetric(2.0, 1.0),
        lambda: polygenic_unlearned(1.5, 3),
        lambda: polygenic_unlearned(0.5, 0),
    ],
)
def test_bad_tasks_are_refused(make):
    with pytest.raises(InputError):
        make()
