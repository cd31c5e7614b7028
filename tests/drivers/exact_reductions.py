"""Reductions of labelled arrays by whole numbers: every result is the exact one, rounded once. Slow and obvious."""
import math
import operator
from fractions import Fraction

import numpy as np
import xarray as xr

from oracle import square_root, to_float


def rows_of(array, dims):
    """The dims that stay, and the values to reduce, a row for each output."""
    kept = [dim for dim in array.dims if dim not in dims]
    ordered = array.transpose(*kept, *[dim for dim in array.dims if dim in dims])
    shape = [array.sizes[dim] for dim in kept]
    reduced = int(np.prod([array.sizes[dim] for dim in array.dims if dim in dims], dtype=int))
    return kept, shape, ordered.values.reshape(int(np.prod(shape, dtype=int)), reduced)


def outputs(array, dims, values, dtype):
    """An array of what was found for each row, with the labels that stay."""
    kept = [dim for dim in array.dims if dim not in dims]
    coords = {name: coord for name, coord in array.coords.items() if not set(coord.dims) & set(dims)}
    data = np.array(values, dtype).reshape([array.sizes[dim] for dim in kept])
    return xr.DataArray(data, dims=kept, coords=coords)


def keep_dims(value, array, dims):
    value = value.expand_dims({dim: 1 for dim in (dims or array.dims)})
    return value.transpose(*array.dims)


def whole(values):
    """Finite numbers as integers, and the power of two by which all were multiplied."""
    ratios = [(int(v), 1) if isinstance(v, (np.integer, np.bool_)) else float(v).as_integer_ratio() for v in values]
    shift = max((d.bit_length() - 1 for _, d in ratios), default=0)
    return [n << shift - d.bit_length() + 1 for n, d in ratios], shift


def infinite_sum(values):
    """The IEEE sum where there are infinities."""
    signs = {v > 0 for v in values if math.isinf(v)}
    return math.nan if len(signs) == 2 else math.inf if True in signs else -math.inf


def moments(row, skipna, reduction, ddof):
    row = [v for v in row if v == v] if skipna else list(row)
    n = len(row)
    if any(v != v for v in row):
        return math.nan
    if any(isinstance(v, np.floating) and math.isinf(v) for v in row):
        return infinite_sum(row) if reduction == "mean" else math.nan
    values, shift = whole(row)
    total = sum(values)
    if reduction == "mean":
        return to_float(Fraction(total, n << shift)) if n else math.nan
    if n - ddof <= 0:
        return math.nan
    variance = Fraction(n * sum(v * v for v in values) - total**2, n * (n - ddof) << 2 * shift)
    return to_float(variance) if reduction == "var" else square_root(variance)


def float_sum(row, skipna, min_count):
    row = [v for v in row if v == v] if skipna else list(row)
    if len(row) < min_count or any(v != v for v in row):
        return math.nan
    if any(math.isinf(v) for v in row):
        return infinite_sum(row)
    values, shift = whole(row)
    return to_float(Fraction(sum(values), 1 << shift))


def extreme(row, least, skipna):
    kept = [v for v in row if v == v]
    if not kept or (not skipna and len(kept) < len(row)):
        return math.nan
    return min(kept) if least else max(kept)


def place(row, least, skipna):
    best = -1
    for i, value in enumerate(row):
        if value != value:
            if not skipna:
                return i
        elif best < 0 or (value < row[best] if least else value > row[best]):
            best = i
    return best


def reduce(name, array, dims, skipna=True, ddof=0, min_count=0):
    dims = list(dims) or list(array.dims)
    rows = rows_of(array, dims)[2]
    real = array.dtype.kind == "f"
    if name in ("argmin", "argmax"):
        return outputs(array, dims, [place(row, name == "argmin", skipna) for row in rows], "int64")
    if name in ("min", "max"):
        return outputs(array, dims, [extreme(row, name == "min", skipna) for row in rows], array.dtype)
    if name == "count":
        return outputs(array, dims, [sum(bool(v == v) for v in row) for row in rows], "int64")
    if name in ("any", "all"):
        function = any if name == "any" else all
        return outputs(array, dims, [function(bool(v) for v in row) for row in rows], "bool")
    if name == "sum" and not real:
        return outputs(array, dims, [sum(int(v) for v in row) for row in rows], "uint64" if array.dtype.kind == "u" else "int64")
    if name == "sum":
        return outputs(array, dims, [float_sum(row, skipna, min_count) for row in rows], "float64")
    return outputs(array, dims, [moments(row, skipna, name, ddof) for row in rows], "float64")


def rows_of_both(x, y, dims):
    x, y = xr.broadcast(x, y)
    y = y.transpose(*x.dims)
    return x, rows_of(x, dims)[2], rows_of(y, dims)[2]


def covariance(a, b, normalized):
    pairs = [(u, v) for u, v in zip(a, b) if u == u and v == v]
    n = len(pairs)
    if n == 0 or any(math.isinf(u) or math.isinf(v) for u, v in pairs):
        return math.nan
    (u, shift_u), (v, shift_v) = (whole(side) for side in zip(*pairs))
    products = n * sum(map(operator.mul, u, v)) - sum(u) * sum(v)
    if not normalized:  # ddof is 1
        return to_float(Fraction(products, n * (n - 1) << shift_u + shift_v)) if n > 1 else math.nan
    squares = (n * sum(a * a for a in u) - sum(u) ** 2) * (n * sum(b * b for b in v) - sum(v) ** 2)
    return math.copysign(square_root(Fraction(products**2, squares)), products) if squares else math.nan


def paired(name, x, y, dims):
    both, rows_x, rows_y = rows_of_both(x, y, dims)
    if name == "dot":
        def dot(a, b):
            products = [float(u) * float(v) for u, v in zip(a, b)]
            if any(v != v or math.isinf(v) for v in [*a, *b]):
                return math.nan if any(p != p for p in products) else infinite_sum(products)
            (u, shift_u), (v, shift_v) = whole(a), whole(b)
            return to_float(Fraction(sum(map(operator.mul, u, v)), 1 << shift_u + shift_v))

        values = [dot(a, b) for a, b in zip(rows_x, rows_y)]
    else:
        values = [covariance(a, b, name == "corr") for a, b in zip(rows_x, rows_y)]
    return outputs(both, dims, values, "float64")


def weighted(name, x, w, dims):
    both, rows_x, rows_w = rows_of_both(x, w, dims)

    def one(a, b):
        kept = a == a
        (x, shift), (w, shift_w) = whole(a[kept]), whole(b[kept])
        total, first, second = sum(w), sum(map(operator.mul, x, w)), sum(u * u * v for u, v in zip(x, w))
        if name == "sum":
            return to_float(Fraction(first, 1 << shift + shift_w))
        if total == 0:
            return math.nan
        if name == "mean":
            return to_float(Fraction(first, total << shift))
        variance = Fraction(total * second - first**2, total**2 << 2 * shift)
        return to_float(variance) if name == "var" else square_root(variance)

    return outputs(both, dims, [one(a, b) for a, b in zip(rows_x, rows_w)], "float64")
