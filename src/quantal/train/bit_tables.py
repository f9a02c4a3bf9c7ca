"""Products of a matrix of bits with a dense one by tables of sums in place of multiplications, compiled.

Four bits choose one of 16 sums of four rows, so that a row of n bits costs n/4 additions of a row rather than n products (the method of
Arlazarov, Dinic, Kronrod and Faradzev, 1970). Bits are packed as `numpy.packbits` packs them, 8 a byte, the first the highest.

Dense arrays are flat, with a stride that is a whole number of blocks and room for a multiple of 8 rows: columns are taken in blocks of
128 bytes, whose tables stay in the nearest cache. The two innermost loops are written for the compiler's vector registers: in Python
it would load and store every sum again, since it cannot know that arrays do not overlap.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

_BLOCK_BYTES, _VECTOR_BYTES = 128, 64
_GROUPS_BACK = 16


class TableProduct:
    """`quantal.train.kernels.BitProduct` by tables."""

    def __init__(self, bits: int, columns: int, rows: int, dtype: Any) -> None:
        self._bits, self._columns, self._width = bits, columns, -(-bits // 8)
        self._block = _BLOCK_BYTES // np.dtype(dtype).itemsize
        self._stride = -(-columns // self._block) * self._block
        self._weights = _aligned(8 * self._width * self._stride, dtype)
        self._tables = _aligned(4 * self._weights.size, dtype)
        self._room = _aligned(_GROUPS_BACK * 16 * self._block, dtype)
        self._pre = _aligned(-(-rows // 8) * 8 * self._stride, dtype)
        self._sum = _aligned(bits * self._stride, dtype)
        self._turned = np.zeros(self._width * -(-rows // 8) * 8, np.uint8)
        self._zeros = _aligned(self._block, dtype)

    def begin(self, weights: NDArray[Any]) -> None:
        """Take the weights of a step."""
        self._weights.reshape(-1, self._stride)[: self._bits, : self._columns] = weights
        fill_tables(self._weights, 2 * self._width, self._stride, self._block, self._tables)
        self._sum.fill(0)

    def forward(self, packed: NDArray[np.uint8]) -> NDArray[Any]:
        """Bits times weights, and 0 up to a whole number of blocks."""
        rows = len(packed)
        multiply(packed.ravel(), rows, self._width, self._tables, self._block, self._zeros, self._pre, self._stride)
        return self._pre.reshape(-1, self._stride)[:rows]

    def backward(self, packed: NDArray[np.uint8]) -> None:
        """Add the transpose of the bits times the gradient."""
        rows = len(packed)
        transpose(packed.ravel(), rows, self._width, self._turned)
        multiply_transposed(self._turned, self._bits, rows, self._pre, self._stride, self._room, self._block, self._sum)

    def end(self, gradient: NDArray[Any]) -> None:
        """Write the sum."""
        gradient[...] = self._sum.reshape(-1, self._stride)[:, : self._columns]


def _aligned(size: int, dtype: Any) -> NDArray[Any]:
    """Zeros whose vectors do not straddle lines of the cache."""
    raw = np.zeros(size * np.dtype(dtype).itemsize + _VECTOR_BYTES, np.uint8)
    start = -raw.ctypes.data % _VECTOR_BYTES
    return raw[start : start + size * np.dtype(dtype).itemsize].view(dtype)


class _Vectors:
    """Loads and stores one block of columns as vectors."""

    def __init__(self, context: Any, builder: Any, number: Any) -> None:
        self._builder = builder
        self._number = context.get_value_type(number)
        self._size = context.get_abi_sizeof(self._number)
        self._lanes = _VECTOR_BYTES // self._size
        self.type = ir.VectorType(self._number, self._lanes)
        self.parts = range(_BLOCK_BYTES // _VECTOR_BYTES)
        self.columns = self._lanes * len(self.parts)

    def load(self, base: Any, at: Any) -> list[Any]:
        """The block that begins at a position."""
        found = [self._builder.load(self._place(base, at, i)) for i in self.parts]
        for one in found:
            one.align = self._size
        return found

    def store(self, values: list[Any], base: Any, at: Any) -> None:
        """Write a block."""
        for i, value in enumerate(values):
            self._builder.store(value, self._place(base, at, i)).align = self._size

    def add(self, one: list[Any], other: list[Any]) -> list[Any]:
        """The sum of two blocks."""
        return [self._builder.fadd(a, b) for a, b in zip(one, other, strict=True)]

    def _place(self, base: Any, at: Any, i: int) -> Any:
        element = self._builder.gep(base, [self._builder.add(at, _word(i * self._lanes))])
        return self._builder.bitcast(element, self.type.as_pointer())


def _word(value: int) -> Any:
    return ir.Constant(ir.IntType(64), value)


def _typed_add_rows(typingctx, tables, at, codes, code_at, count, start, start_at, out, out_at):
    """out[out_at:] = start[start_at:] + the rows of `tables` that `count` bytes of `codes` choose, two each; one block of columns."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, bytes_, begin, end = (
            make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 2, 5, 7)
        )
        at, code_at, count, start_at, out_at = (arguments[i] for i in (1, 3, 4, 6, 8))
        vectors = _Vectors(context, builder, signature.args[0].dtype)
        first = vectors.load(begin, start_at)
        before, loop, after = builder.block, builder.append_basic_block("rows"), builder.append_basic_block("sums")
        builder.branch(loop)
        builder.position_at_end(loop)
        step = builder.phi(ir.IntType(64))
        sums = [builder.phi(vectors.type) for _ in vectors.parts]
        code = builder.zext(builder.load(builder.gep(bytes_, [builder.add(code_at, step)])), ir.IntType(64))
        new: list[Any] = sums
        for half, chosen in enumerate((builder.lshr(code, _word(4)), builder.and_(code, _word(15)))):
            row = builder.add(builder.add(builder.mul(step, _word(32)), _word(16 * half)), chosen)
            new = vectors.add(new, vectors.load(table, builder.add(at, builder.mul(row, _word(vectors.columns)))))
        following = builder.add(step, _word(1))
        for phi, entering, value in zip([step, *sums], [_word(0), *first], [following, *new], strict=True):
            phi.add_incoming(entering, before)
            phi.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
        builder.position_at_end(after)
        vectors.store(new, end, out_at)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(tables, whole, codes, whole, whole, start, whole, out, whole), build


def _typed_sum_rows(typingctx, rows, at, stride, tables, table_at):
    """The 16 sums of four rows, by four bits, of one block of columns; the first row goes with the highest bit."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base, table = (make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 3))
        at, stride, table_at = (arguments[i] for i in (1, 2, 4))
        vectors = _Vectors(context, builder, signature.args[0].dtype)
        places = [builder.add(at, builder.mul(stride, _word(i))) for i in range(4)]
        sums = [[ir.Constant(vectors.type, None) for _ in vectors.parts]]
        for place in reversed(places):
            row = vectors.load(base, place)
            sums += [vectors.add(one, row) if i else row for i, one in enumerate(sums)]
        for i, one in enumerate(sums):
            vectors.store(one, table, builder.add(table_at, _word(i * vectors.columns)))
        return context.get_dummy_value()

    whole = types.intp
    return types.void(rows, whole, whole, tables, whole), build


_add_rows: Any = intrinsic(_typed_add_rows)
_sum_rows: Any = intrinsic(_typed_sum_rows)


@numba.njit(cache=True, error_model="numpy")
def fill_tables(rows, groups, stride, columns, tables):
    """tables (stride / columns, groups, 16, columns): the sums of rows 4g to 4g + 3 of each block of columns, by four bits."""
    place = 0
    for first in range(0, stride, columns):
        for group in range(groups):
            _sum_rows(rows, 4 * group * stride + first, stride, tables, place)
            place += 16 * columns


@numba.njit(cache=True, error_model="numpy")
def multiply(packed, count, width, tables, columns, zeros, out, stride):
    """out (count, stride) = bits (count, 8 width) times the rows that the tables were filled with, block after block."""
    size = 2 * width * 16 * columns
    for number in range(tables.size // size):
        for i in range(count):
            _add_rows(tables, number * size, packed, i * width, width, zeros, 0, out, i * stride + number * columns)


@numba.njit(cache=True, error_model="numpy")
def transpose(packed, count, width, out):
    """Bits (count, 8 width) the other way round: out (8 width, ceil(count / 8)), packed as well."""
    across = (count + 7) // 8
    for j in range(width):
        for block_of_rows in range(across):
            x = np.uint64(0)
            for i in range(8):
                row = 8 * block_of_rows + i
                byte = np.uint64(packed[row * width + j]) if row < count else np.uint64(0)
                x = (x << np.uint64(8)) | byte
            t = (x ^ (x >> np.uint64(7))) & np.uint64(0x00AA00AA00AA00AA)
            x = x ^ t ^ (t << np.uint64(7))
            t = (x ^ (x >> np.uint64(14))) & np.uint64(0x0000CCCC0000CCCC)
            x = x ^ t ^ (t << np.uint64(14))
            t = (x ^ (x >> np.uint64(28))) & np.uint64(0x00000000F0F0F0F0)
            x = x ^ t ^ (t << np.uint64(28))
            for i in range(8):
                out[(8 * j + i) * across + block_of_rows] = np.uint8((x >> np.uint64(56 - 8 * i)) & np.uint64(255))


@numba.njit(cache=True, error_model="numpy")
def multiply_transposed(turned, bits, count, rows, stride, tables, columns, out):
    """out (bits, stride) += the transpose of bits (count, bits), `turned` as `transpose` gives it, times rows (count, stride).

    tables (G, 16, columns) is room to work in, filled for 4 G rows at a time.
    """
    across = (count + 7) // 8
    bytes_at_once = tables.size // (32 * columns)
    for first in range(0, stride, columns):
        for begin in range(0, across, bytes_at_once):
            width = min(bytes_at_once, across - begin)
            for group in range(2 * width):
                row = 8 * begin + 4 * group
                _sum_rows(rows, row * stride + first, stride, tables, group * 16 * columns)
            for bit in range(bits):
                place = bit * stride + first
                _add_rows(tables, 0, turned, bit * across + begin, width, out, place, out, place)
