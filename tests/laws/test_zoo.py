"""Every law of the zoo: exact derivatives and recovered parameters at its design, and bounds that its starts keep to."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from designs import DESIGNS, Design

import quantal as ql
from quantal.errors import QuantalWarning
from quantal.laws import Law, default_laws, get_law, laws
from quantal.laws.verify import verify

EACH = pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.law)


def test_every_law_that_is_asked_for_by_name_has_a_design() -> None:
    designed = {design.law.partition(":")[0] for design in DESIGNS}
    default = [law.name for law in default_laws()]
    asked_for = [law.name for law in laws() if type(law) is Law and law.name not in default]
    assert {name.partition(":")[0] for name in asked_for} == designed


@EACH
def test_derivatives_agree_with_differences_where_the_law_is_used(design: Design) -> None:
    thinned = {name: column[:: max(1, len(column) // 9)] for name, column in design.inputs.items()}
    verify(get_law(design.law), (thinned, design.theta))


@EACH
def test_parameters_are_recovered_from_simulated_runs(design: Design) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(design.simulate(seed=3), design.fitted, objective=design.objective)
    assert found.converged
    for name in design.fitted.parameter_names:
        assert found.parameters[name].value == pytest.approx(design.parameters[name], rel=design.tolerance), name


@pytest.mark.parametrize("design", [one for one in DESIGNS if get_law(one.law).starts], ids=lambda one: one.law)
def test_starts_are_finite_and_inside_the_bounds(design: Design) -> None:
    law, simulated = get_law(design.law), design.simulate(seed=0)
    assert law.starts is not None
    drawn = law.starts(design.inputs, simulated[law.target.name], np.random.default_rng(0), 64)
    assert drawn.shape[0] >= 64
    assert drawn.shape[1] == len(law.parameters)
    assert np.isfinite(drawn).all()
    for column, parameter in zip(drawn.T, law.parameters, strict=True):
        assert all(parameter.bounds.contains(float(value)) for value in column), parameter.name
