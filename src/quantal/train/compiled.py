"""The loops of `quantal.train.kernels`, compiled: one pass over each row while it lies in the nearest cache."""

from __future__ import annotations

import math

import numba
import numpy as np

from quantal.train.bit_tables import TableProduct as TableProduct

_FAST = {"reassoc", "contract", "nsz"}
_ROWS_A_LOGARITHM = 512  # a product of so many numbers up to 2 does not overflow


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def loss_gradient(pre, tasks, labels, of_task, out, bias, ends, scale, d_task, d_out, d_bias, loss):
    zero = pre.dtype.type(0)
    odds = np.ones(bias.size)
    for row in range(pre.shape[0]):
        i, task, odd = np.uint64(row), np.uint64(tasks[row]), labels[row] == 1
        for r in range(bias.size):
            first, last = np.uint64(ends[r]), np.uint64(ends[r + 1])
            total = zero
            for j in range(first, last):
                h = pre[i, j] + of_task[task, j]
                h = h if h > 0 else zero
                pre[i, j] = h
                total += h * out[j]
            margin = np.float64(total + bias[r])
            if odd:
                margin = -margin
            small = math.exp(-abs(margin))
            loss[r] += max(margin, 0.0)
            odds[r] *= 1.0 + small
            slope = 1.0 / (1.0 + small) if margin > 0 else small / (1.0 + small)
            g = pre.dtype.type(-slope * scale if odd else slope * scale)
            d_bias[r] += g
            for j in range(first, last):
                h = pre[i, j]
                d = g * out[j] if h > 0 else zero
                d_out[j] += g * h
                d_task[task, j] += d
                pre[i, j] = d
        if row % _ROWS_A_LOGARITHM == _ROWS_A_LOGARITHM - 1 or row == pre.shape[0] - 1:
            for r in range(bias.size):
                loss[r] += math.log(odds[r])
                odds[r] = 1.0


@numba.njit(cache=True, fastmath=_FAST, error_model="numpy")
def logits(pre, tasks, of_task, out, bias, ends, z):
    zero = pre.dtype.type(0)
    for row in range(pre.shape[0]):
        i, task = np.uint64(row), np.uint64(tasks[row])
        for r in range(bias.size):
            total = zero
            for j in range(np.uint64(ends[r]), np.uint64(ends[r + 1])):
                h = pre[i, j] + of_task[task, j]
                total += (h if h > 0 else zero) * out[j]
            z[r, i] = total + bias[r]


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
    product = TableProduct(1, 1, 8, dtype)
    product.begin(table)
    product.forward(np.zeros((1, 1), np.uint8))
    product.backward(np.zeros((1, 1), np.uint8))
