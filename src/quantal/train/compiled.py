"""The loops of `quantal.train.kernels`, compiled: one pass over each row while it lies in the nearest cache."""

from __future__ import annotations

import math

import numba
import numpy as np

_FAST = {"reassoc", "contract", "nsz", "nnan"}


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy", inline="never")
def _forward(row, here, out):
    """ReLU of a row in place, and the sum of what it gives to the difference of the logits."""
    total = row.dtype.type(0)
    for j in range(row.size):
        h = row[j] + here[j]
        h = h if h > 0 else row.dtype.type(0)
        row[j] = h
        total += h * out[j]
    return total


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy", inline="never")
def _backward(row, out, d_out, d_here, g):
    """The gradient in a row's pre-activations in place of its activations."""
    for j in range(row.size):
        h = row[j]
        d = g * out[j] if h > 0 else row.dtype.type(0)
        d_out[j] += g * h
        d_here[j] += d
        row[j] = d


@numba.njit(cache=True, error_model="numpy")
def loss_gradient(pre, tasks, labels, of_task, out, bias, ends, scale, d_task, d_out, d_bias, loss):
    for i in range(pre.shape[0]):
        task, odd = tasks[i], labels[i] == 1
        for r in range(bias.size):
            first, last = ends[r], ends[r + 1]
            row = pre[i, first:last]
            margin = np.float64(_forward(row, of_task[task, first:last], out[first:last]) + bias[r])
            if odd:
                margin = -margin
            small = math.exp(-abs(margin))
            loss[r] += max(margin, 0.0) + math.log1p(small)
            slope = 1.0 / (1.0 + small) if margin > 0 else small / (1.0 + small)
            g = pre.dtype.type(-slope * scale if odd else slope * scale)
            d_bias[r] += g
            _backward(row, out[first:last], d_out[first:last], d_task[task, first:last], g)


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def logits(pre, tasks, of_task, out, bias, ends, z):
    for i in range(pre.shape[0]):
        for r in range(bias.size):
            first, last = ends[r], ends[r + 1]
            z[r, i] = _forward(pre[i, first:last], of_task[tasks[i], first:last], out[first:last]) + bias[r]


@numba.njit(cache=True, error_model="numpy")
def adam(p, g, m, v, rate, numbers):
    one_minus_beta1, beta2, one_minus_beta2, root_correction, eps = (
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        numbers[4],
    )
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            slope = g[i, j]
            m[i, j] += one_minus_beta1 * (slope - m[i, j])
            v[i, j] = v[i, j] * beta2 + one_minus_beta2 * (slope * slope)
            p[i, j] -= rate[j] * (m[i, j] / (np.sqrt(v[i, j]) / root_correction + eps))


def compile_for(dtype):
    """Compile every loop for one type of numbers, or take it from the cache of an earlier run."""
    table, row, z = np.zeros((1, 1), dtype), np.zeros(1, dtype), np.zeros((1, 1), dtype)
    zero, ends = np.zeros(1, np.int64), np.array([0, 1])
    loss_gradient(table.copy(), zero, zero, table, row, row, ends, 1.0, z, row.copy(), row.copy(), np.zeros(1))
    logits(table.copy(), zero, table, row, row, ends, z)
    adam(z, z.copy(), z.copy(), z.copy(), row, np.ones(5, dtype))
