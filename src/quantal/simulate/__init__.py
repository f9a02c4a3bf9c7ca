"""Monte Carlo of the quantization model: data sets and streams are drawn, and the loss they give comes back as Runs."""

from quantal.simulate.setting import marginal_rule as marginal_rule
from quantal.simulate.simulate import simulate as simulate
from quantal.simulate.summary import Point as Point
from quantal.simulate.summary import points as points
