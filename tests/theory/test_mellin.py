import mpmath
import pytest

from quantal.theory import Exponential, Hill, Poisson, Sigmoidal
from quantal.theory.mellin import mellin_by_quadrature


@pytest.mark.parametrize("beta", [0.05, 2 / 7, 0.5, 0.9])
@pytest.mark.parametrize("lower", [0.0, 0.01, 0.5, 3.0, 30.0])
@pytest.mark.parametrize(
    "rule", [Poisson(1), Poisson(3), Poisson(2.5), Exponential(2.0), Hill(2.0, 3.0), Hill(1.2)], ids=repr
)
def test_mellin_closed_forms_equal_quadrature(rule, beta, lower):
    numeric = mellin_by_quadrature(rule.at, 1.0, rule.inverse(0.5), beta, rule.decay, lower)
    assert rule.mellin(beta, lower) == pytest.approx(numeric, rel=1e-11)


@pytest.mark.parametrize("ratio", [0.5, 1e2, 1e4])
@pytest.mark.parametrize("beta", [0.2, 0.9])
def test_sigmoidal_mellin_against_polylogarithms(ratio, beta):
    rule = Sigmoidal(ratio)
    with mpmath.workdps(30):
        exact = -mpmath.gamma(beta) * (mpmath.polylog(beta, -ratio) - mpmath.polylog(beta - 1, -ratio))
    assert rule.mellin(beta) == pytest.approx(float(mpmath.re(exact)), rel=1e-11)
