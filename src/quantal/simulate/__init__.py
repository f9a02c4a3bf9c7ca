"""Monte Carlo of the quantization model: data sets and streams are drawn, and the loss they give comes back as Runs."""

from quantal.simulate.simulate import simulate as simulate
