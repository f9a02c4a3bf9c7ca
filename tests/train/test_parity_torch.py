"""The trainer against the plain dense network in PyTorch: the same weights, the same batches, thirty steps."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from quantal.train import ParityConfig
from quantal.train.kernels import kernels
from quantal.train.mlp import Stack, initial_parameters
from quantal.train.optimizers import Optimizer
from quantal.train.parity_data import Batch, Stream, subsets

pytestmark = pytest.mark.extras

CONFIG = ParityConfig(
    tasks=40, bits=24, k=3, widths=(7, 50), net_seeds=(0, 1), batch_size=300, steps=30, learning_rates=(1e-3, 1e-2)
)


def batches(config: ParityConfig, count: int = 30) -> list[Batch]:
    stream = Stream(config, subsets(config))
    return [stream.batch(step) for step in range(count)]


def trained(config: ParityConfig, data: list[Batch], compiled: bool) -> np.ndarray:
    """Losses (steps, R) of the trainer under test."""
    stack = Stack.initial(config, config.nets, kernels(compiled, config.dtype))
    optimizer, losses = Optimizer(stack), []
    for batch in data:
        losses.append(stack.loss_gradient(batch))
        optimizer.update()
    return np.array(losses)


def dense(config: ParityConfig, data: list[Batch], dtype: str, shuffled: int | None = None) -> np.ndarray:
    """Losses (steps, R) of Linear-ReLU-...-Linear on one-hot tasks and bits, in PyTorch; rows in another order on request."""
    import torch

    torch.set_num_threads(1)
    kind = getattr(torch, dtype)
    rng = None if shuffled is None else np.random.default_rng(shuffled)
    orders = [np.arange(config.batch_size) if rng is None else rng.permutation(config.batch_size) for _ in data]
    losses = []
    for net in config.nets:
        start = initial_parameters(config, net)
        layers: list[Any] = []
        for layer in range(config.depth):
            made = torch.nn.Linear(config.tasks + config.bits if layer == 0 else net.width, net.width)
            first = np.concatenate([start["task"], start["bits"]]).T
            made.weight.data = torch.tensor(first if layer == 0 else start[f"hidden{layer}"].T, dtype=kind)
            made.bias.data = torch.tensor(start["bias" if layer == 0 else f"hidden{layer}_bias"][0], dtype=kind)
            layers += [made, torch.nn.ReLU()]
        last = torch.nn.Linear(net.width, 2)
        last.weight.data = torch.tensor(start["out"], dtype=kind)
        last.bias.data = torch.tensor(start["out_bias"][:, 0], dtype=kind)
        model = torch.nn.Sequential(*layers, last)
        if config.optimizer == "sgd":
            optimizer: Any = torch.optim.SGD(
                model.parameters(), net.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
            )
        else:
            kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
            optimizer = kinds[config.optimizer](model.parameters(), net.learning_rate, weight_decay=config.weight_decay)
        own = []
        for batch, order in zip(data, orders, strict=True):
            x = np.concatenate([np.eye(config.tasks)[batch.tasks], batch.bits], axis=1)[order]
            logits = model(torch.tensor(x, dtype=kind))
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(batch.labels[order]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            own.append(loss.item())
        losses.append(own)
    return np.array(losses).T


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"depth": 2},
        {"depth": 3, "widths": (7, 20)},
        {"weight_decay": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"optimizer": "sgd", "learning_rates": (0.1, 1.0)},
        {"optimizer": "sgd", "learning_rates": (0.1,), "momentum": 0.9, "weight_decay": 0.01},
    ],
    ids=lambda change: " ".join(f"{name}={value}" for name, value in change.items()) or "as published",
)
def test_losses_are_those_of_the_dense_network(change: dict[str, Any], compiled: bool) -> None:
    config = dataclasses.replace(CONFIG, dtype="float64", **change)
    data = batches(config)
    found, wanted = trained(config, data, compiled), dense(config, data, "float64")
    assert np.abs(found - wanted).max() < 1e-10
    assert np.abs(wanted[-1] - wanted[0]).max() > 1e-3


@pytest.mark.parametrize("compiled", [True, False])
def test_single_precision_is_no_worse_than_that_of_the_dense_network(compiled: bool) -> None:
    """The dense network's own distance from float64 depends on the order of rows: the trainer's lies within its worst over six orders."""
    config = dataclasses.replace(CONFIG, batch_size=1500, net_seeds=(0,), learning_rates=(1e-3,))
    data = batches(config)
    exact = dense(dataclasses.replace(config, dtype="float64"), data, "float64")
    wide = [initial_parameters(config, net)["bits"].dtype for net in config.nets]
    assert all(one == np.float32 for one in wide)
    own = np.abs(trained(config, data, compiled) - exact).max()
    plain = max(np.abs(dense(config, data, "float32", shuffled=seed) - exact).max() for seed in range(6))
    assert own <= plain
    assert plain < 1e-5
