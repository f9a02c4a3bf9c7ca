"""Networks with one hidden layer or more, stacked side by side, and the gradient of their loss on one shared batch.

The input is a one-hot task and n bits, so the first layer is a table of tasks (an embedding) and a product with the bits, for all
networks at once. Rows are taken in chunks that stay in cache between the two products and the loop between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.train.kernels import BitProduct, Kernels
from quantal.train.parity_config import Net, ParityConfig
from quantal.train.parity_data import Batch

Array = NDArray[Any]
Parameters = dict[str, Array]

_CHUNK_NUMBERS = 2**18
_GROUP_UNITS = 512
_FEWEST_ROWS, _MOST_ROWS = 128, 2048


def initial_parameters(config: ParityConfig, net: Net) -> Parameters:
    """One network's weights as PyTorch's Linear starts them, uniform within 1/sqrt(inputs); a function of its seed and shape alone.

    bits (n, w), task (T, w), bias (1, w), hidden1 (w, w) and hidden1_bias (1, w) and so on, out (2, w), out_bias (2, 1).
    """
    rng = np.random.default_rng([net.seed, net.width, config.tasks, config.bits, config.depth])
    inputs, w = config.tasks + config.bits, net.width

    def uniform(fan_in: int, *shape: int) -> Array:
        return rng.uniform(-(fan_in**-0.5), fan_in**-0.5, shape).astype(config.dtype)

    first = uniform(inputs, inputs, w)
    made = {"bits": first[config.tasks :], "task": first[: config.tasks], "bias": uniform(inputs, 1, w)}
    for layer in range(1, config.depth):
        made |= {f"hidden{layer}": uniform(w, w, w), f"hidden{layer}_bias": uniform(w, 1, w)}
    return made | {"out": uniform(w, 2, w), "out_bias": uniform(w, 2, 1)}


def grouped(nets: tuple[Net, ...]) -> list[tuple[Net, ...]]:
    """Networks in their order, in groups of about 500 hidden units or one wider network: a chunk of enough rows stays in cache.

    >>> [[net.width for net in group] for group in grouped((Net(300, 0, 1e-3), Net(200, 0, 1e-3), Net(100, 0, 1e-3)))]
    [[300, 200], [100]]
    """
    groups: list[list[Net]] = []
    for net in nets:
        if groups and sum(one.width for one in groups[-1]) + net.width <= _GROUP_UNITS:
            groups[-1].append(net)
        else:
            groups.append([net])
    return [tuple(group) for group in groups]


@dataclass(frozen=True, eq=False)
class Stack:
    """Networks side by side. Arrays that share a batch's product are one, (rows, W) for W hidden units in all;
    hidden layers past the first are one square array a network, "hidden1.0" for network 0. Updated in place by an optimizer.
    """

    config: ParityConfig
    nets: tuple[Net, ...]
    kernels: Kernels
    parameters: Parameters
    gradients: Parameters

    @classmethod
    def initial(cls, config: ParityConfig, nets: tuple[Net, ...], kernels: Kernels) -> Stack:
        """Networks before training."""
        made = [initial_parameters(config, net) for net in nets]
        parameters: Parameters = {}
        for name in made[0]:
            if name.startswith("hidden") and not name.endswith("_bias"):
                parameters |= {f"{name}.{r}": np.ascontiguousarray(one[name]) for r, one in enumerate(made)}
            else:
                parameters[name] = np.concatenate([one[name] for one in made], axis=1)
        return cls(config, nets, kernels, parameters, {name: np.zeros_like(one) for name, one in parameters.items()})

    def separate(self) -> list[Parameters]:
        """Each network's own weights, named and shaped as `initial_parameters` makes them; copies."""
        made: list[Parameters] = []
        for r in range(len(self.nets)):
            own: Parameters = {}
            for name, one in self.parameters.items():
                layer, _, net = name.partition(".")
                if net in ("", str(r)):
                    columns = slice(r, r + 1) if name == "out_bias" else slice(self.ends[r], self.ends[r + 1])
                    own[layer] = one.copy() if net else one[:, columns].copy()
            made.append(own)
        return made

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Network r owns the columns ends[r] to ends[r+1]."""
        return np.concatenate([[0], np.cumsum([net.width for net in self.nets])])

    def by_column(self, values: Any, name: str) -> Array:
        """One value a network, spread over the columns of a parameter."""
        wide = np.asarray(values, dtype=float)
        if "." in name:
            r = int(name.rsplit(".", 1)[1])
            return np.full(self.parameters[name].shape[1], wide[r])
        return wide if name == "out_bias" else np.repeat(wide, np.diff(self.ends))

    def loss_gradient(self, batch: Batch) -> NDArray[np.float64]:
        """The batch's mean loss in nats of each network before the update, shape (R,); fills `gradients`."""
        for one in self.gradients.values():
            one.fill(0)
        loss = np.zeros(len(self.nets))
        p, g = self.parameters, self.gradients
        of_task, out, bias = self._difference()
        d_out, d_bias = np.zeros_like(out), np.zeros_like(bias)
        product = self._product
        product.begin(p["bits"])
        for part in self._chunks(len(batch.tasks)):
            tasks, labels = batch.tasks[part], batch.labels[part]
            pre = product.forward(batch.packed[part])
            arguments = (
                pre,
                tasks,
                labels,
                of_task,
                out,
                bias,
                self.ends,
                1 / len(batch.tasks),
                g["task"],
                d_out,
                d_bias,
                loss,
            )
            if self.config.depth == 1:
                self.kernels.loss_gradient(*arguments)
            else:
                from quantal.train.deep import deep_loss_gradient

                deep_loss_gradient(self, pre[:, : self.ends[-1]], *arguments[1:])
            product.backward(batch.packed[part])
        product.end(g["bits"])
        g["bias"][0] = g["task"].sum(axis=0)
        g["out"][1], g["out"][0] = d_out, -d_out
        g["out_bias"][1], g["out_bias"][0] = d_bias, -d_bias
        return loss / len(batch.tasks)

    def margins(self, batch: Batch) -> Array:
        """Logit of label 1 less that of label 0 for each network and sample, shape (R, B)."""
        of_task, out, bias = self._difference()
        z = np.empty((bias.size, len(batch.tasks)), dtype=self.config.dtype)
        self._product.begin(self.parameters["bits"])
        for part in self._chunks(len(batch.tasks)):
            tasks = batch.tasks[part]
            pre = self._product.forward(batch.packed[part])
            found = np.empty((bias.size, len(tasks)), dtype=self.config.dtype)
            if self.config.depth == 1:
                self.kernels.logits(pre, tasks, of_task, out, bias, self.ends, found)
            else:
                from quantal.train.deep import deep_logits

                deep_logits(self, pre[:, : self.ends[-1]], tasks, of_task, out, bias, found)
            z[:, part] = found
        return z

    def _difference(self) -> tuple[Array, Array, Array]:
        """Task table with the bias in it (T, W), and the output weights (W,) and bias (R,) of the difference of the two logits."""
        p = self.parameters
        return p["task"] + p["bias"], p["out"][1] - p["out"][0], p["out_bias"][1] - p["out_bias"][0]

    def _chunks(self, rows: int) -> list[slice]:
        return [slice(start, min(start + self._rows, rows)) for start in range(0, rows, self._rows)]

    @cached_property
    def _rows(self) -> int:
        return int(np.clip(_CHUNK_NUMBERS // self.ends[-1], _FEWEST_ROWS, _MOST_ROWS)) // 8 * 8

    @cached_property
    def _product(self) -> BitProduct:
        return self.kernels.product(self.config.bits, int(self.ends[-1]), self._rows, np.dtype(self.config.dtype))
