"""What `xylem stats` should find in a file: an independent implementation on NumPy and whole numbers, slow and obvious.

Elements are read by h5py and masked after the CF and netCDF attribute conventions; sums of x and of x*x are then taken exactly, as
integers in units of the smallest power of two, and every result is rounded once at the very end.
"""
import math
import struct
from collections import deque
from fractions import Fraction

import h5py
import numpy as np

KEYS = ["file", "path", "dtype", "shape", "count", "missing", "min", "max", "sum", "mean", "std"]


def exact_sums(values):
    """The exact sum of finite float64 values and of their squares, as fractions."""
    mantissas, exponents = np.frexp(values)
    mantissas = (mantissas * 2.0**53).astype(np.int64)  # exact: 53 bits
    total, squares = Fraction(0), Fraction(0)
    for exponent in np.unique(exponents):
        group = mantissas[exponents == exponent]
        # Digits of 18 bits, so that sums of up to 2^27 products of two fit in 64 bits.
        sign, size = np.sign(group), np.abs(group)
        digits = [(size >> shift) & (2**18 - 1) for shift in (0, 18, 36)]
        unit = Fraction(2) ** (int(exponent) - 53)
        total += unit * sum(int((sign * digit).sum()) << 18 * i for i, digit in enumerate(digits))
        squares += unit**2 * sum(int((a * b).sum()) << 18 * (i + j) for i, a in enumerate(digits) for j, b in enumerate(digits))
    return total, squares


def exact_integer_sums(values):
    """The same for integers of up to 64 bits, signed or not."""
    low = (values & np.array(0xFFFFFFFF, values.dtype)).astype(np.int64) if values.dtype.itemsize == 8 else values.astype(np.int64)
    high = (values >> np.array(32, values.dtype)).astype(np.int64) if values.dtype.itemsize == 8 else np.zeros(1, np.int64)
    total = int(low.sum()) + (int(high.sum()) << 32)
    unique, counts = np.unique(values, return_counts=True)
    return Fraction(total), Fraction(sum(int(value) ** 2 * int(count) for value, count in zip(unique, counts)))


def to_float(fraction):
    """Rounded once, to nearest."""
    try:
        return fraction.numerator / fraction.denominator
    except OverflowError:
        return math.inf if fraction > 0 else -math.inf


def square_root(fraction):
    """The correctly rounded square root of a fraction."""
    if fraction == 0:
        return 0.0
    shift = max(0, 80 - (fraction.numerator.bit_length() - fraction.denominator.bit_length()) // 2)
    scaled = (fraction.numerator << 2 * shift) // fraction.denominator
    root = math.isqrt(scaled)
    exact = root * root == scaled and (fraction.numerator << 2 * shift) % fraction.denominator == 0
    return to_float(Fraction(2 * root + (0 if exact else 1), 2 << shift))  # the last bit says "a little more"


def cast_to(value, dtype):
    """An attribute's number as a value of `dtype`, or None where the type does not hold it."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            cast = dtype.type(value)
        return None if np.isinf(cast) and np.isfinite(value) else cast
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value) or value != math.floor(value):
            return None
    value = int(value)
    info = np.iinfo(dtype)
    return dtype.type(value) if info.min <= value <= info.max else None


class Decoding:
    """How a dataset's attributes say that its elements are to be read."""

    def __init__(self, attributes, stored, raw):
        self.stored = self.packed = stored
        self.fills, self.scale, self.offset = [], None, None
        self.bounds = []  # (lower?, value, of unpacked values?)
        if raw:
            return
        unsigned = self.text(attributes, "_Unsigned")
        if stored.kind == "i" and unsigned in ("true", "True"):
            self.packed = np.dtype(f"u{stored.itemsize}")
        if stored.kind == "u" and unsigned in ("false", "False"):
            self.packed = np.dtype(f"i{stored.itemsize}")
        for name, several in (("_FillValue", False), ("missing_value", True)):
            values = self.numbers(attributes, name)
            if values is not None and (several or len(values) == 1):
                self.fills += [value for value in map(self.to_packed, values) if value is not None]
        self.scale, self.offset = self.factor(attributes, "scale_factor"), self.factor(attributes, "add_offset")
        valid = self.numbers(attributes, "valid_range")
        if valid is not None and len(valid) == 2 and not np.isnan(valid.astype(float)).any():
            self.bound(valid[0], True)
            self.bound(valid[1], False)
        else:
            for name, lower in (("valid_min", True), ("valid_max", False)):
                values = self.numbers(attributes, name)
                if values is not None and len(values) == 1 and not np.isnan(float(values[0])):
                    self.bound(values[0], lower)

    @staticmethod
    def text(attributes, name):
        value = attributes.get(name)
        return value.decode() if isinstance(value, bytes) else value if isinstance(value, str) else None

    @staticmethod
    def numbers(attributes, name):
        value = attributes.get(name)
        if value is None or isinstance(value, (str, bytes, h5py.Empty)):
            return None
        value = np.asarray(value).reshape(-1)
        return value if value.dtype.kind in "iufb" and value.size > 0 else None

    def factor(self, attributes, name):
        values = self.numbers(attributes, name)
        return values[0] if values is not None and len(values) == 1 and np.isfinite(values[0]) else None

    def to_packed(self, value):
        if self.stored.kind == "f":
            return cast_to(value, self.stored)
        own = cast_to(value, self.stored)
        if own is not None:
            return own.astype(self.packed)  # the same bits
        return cast_to(value, self.packed)

    def bound(self, value, lower):
        factors = [f.dtype for f in (self.scale, self.offset) if f is not None and f.dtype.kind == "f"]
        wide = max((f.itemsize for f in factors), default=0)
        unpacked = value.dtype.kind == "f" and value.dtype.itemsize == wide and (self.stored.kind != "f" or wide > self.stored.itemsize)
        if not unpacked and self.stored.kind != "f":
            value = math.floor(value) if not lower else math.ceil(value)
            packed = self.to_packed(value)
            value = int(value if packed is None else packed)
        elif not unpacked:
            cast = cast_to(value, self.stored)
            value = float(value if cast is None else cast)
        self.bounds.append((lower, value, unpacked))

    def apply(self, elements):
        """(valid?, values): float64 values where scaled or float, else integers of the packed type."""
        if elements.dtype.kind in "iu" and self.packed != elements.dtype:
            elements = elements.view(self.packed)
        valid = np.ones(elements.shape, bool)
        if elements.dtype.kind == "f":
            valid &= ~np.isnan(elements)
        for fill in self.fills:
            valid &= elements != fill
        values = elements
        with np.errstate(all="ignore"):
            if self.scale is not None or self.offset is not None:
                values = elements.astype(np.float64)
                values = values * np.float64(1 if self.scale is None else self.scale)
                values = values + np.float64(0 if self.offset is None else self.offset)
            elif elements.dtype.kind == "f":
                values = elements.astype(np.float64)
        for lower, bound, unpacked in self.bounds:
            valid &= within(values if unpacked else elements, bound, lower)
        if values.dtype.kind == "f":
            valid &= ~np.isnan(values)
        return valid, values


def within(values, bound, lower):
    if values.dtype.kind == "f":
        return values >= bound if lower else values <= bound
    info = np.iinfo(values.dtype)  # Python integers beyond the type would not compare
    if bound > info.max:
        return np.full(values.shape, not lower)
    if bound < info.min:
        return np.full(values.shape, lower)
    bound = values.dtype.type(bound)
    return values >= bound if lower else values <= bound


def statistics(elements, attributes, raw):
    """The statistics of an array of elements, as the JSON of xylem has them."""
    stored = elements.dtype
    decoding = Decoding(attributes, np.dtype("u1") if stored.kind == "b" else stored.newbyteorder("="), raw)
    elements = elements.reshape(-1).astype(decoding.stored)
    valid, values = decoding.apply(elements)
    values = values[valid]
    row = {"count": int(values.size), "missing": int(elements.size - values.size)}
    integral = values.dtype.kind in "iu"
    if values.size == 0:
        return {**row, "min": None, "max": None, "sum": 0 if integral else 0.0, "mean": None, "std": None}
    if integral:
        total, squares = exact_integer_sums(values)
        row.update(min=int(values.min()), max=int(values.max()), sum=int(total))
    else:
        # -0.0 is below +0.0, as in IEEE 754's totalOrder.
        least, greatest = values.min(), values.max()
        if least == 0 and np.signbit(values[values == 0]).any():
            least = -0.0
        if greatest == 0:
            greatest = -0.0 if np.signbit(values[values == 0]).all() else 0.0
        row.update(min=float(least), max=float(greatest))
        infinities = values[np.isinf(values)]
        if infinities.size > 0:
            both = infinities.min() != infinities.max()
            total = None if both else float(infinities[0])
            return {**row, "sum": total, "mean": total, "std": None}
        total, squares = exact_sums(values)
        row["sum"] = to_float(total)
        if values.size <= 100_000:
            try:
                assert math.fsum(values) == row["sum"], "the oracle's own sum is wrong"
            except OverflowError:
                pass  # fsum gives up where an intermediate sum overflows
    n = values.size
    row["mean"] = to_float(total / n)
    row["std"] = square_root((squares * n - total * total) / (n * n))
    return row


def stored_name(dtype):
    return "bool" if dtype.kind == "b" else f"{ {'i': 'int', 'u': 'uint', 'f': 'float'}[dtype.kind]}{8 * dtype.itemsize}"


def numeric_datasets(file):
    """The numeric datasets of an open file, each once, by the first path that reaches it: shallowest first, then in the order of the
    links (of creation, where the file tracks it). Soft and external links are not followed."""
    root = file["/"]
    seen = {h5py.h5o.get_info(root.id).addr}
    waiting = deque([("", root)])
    while waiting:
        path, group = waiting.popleft()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            member = group[name]
            address = h5py.h5o.get_info(member.id).addr
            if address in seen:
                continue
            seen.add(address)
            if isinstance(member, h5py.Group):
                waiting.append((f"{path}/{name}", member))
            elif isinstance(member, h5py.Dataset) and member.id.get_type().get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
                # Floats of other than 2, 4 and 8 bytes and integers of odd sizes are no business of statistics.
                if member.id.get_type().get_size() in (1, 2, 4, 8):
                    yield f"{path}/{name}", member


def elements_of(dataset):
    """All elements in a NumPy type of the stored kind, size and value."""
    stored = dataset.id.get_type()
    if dataset.shape is None:
        return np.empty(0, dataset.dtype)
    if stored.get_class() == h5py.h5t.ENUM:
        values = dataset[()]
        return np.asarray(values)
    # What was never written, where HDF5 leaves the buffer as it finds it (fill time NEVER): the fill value, or zero.
    out = np.full(dataset.shape, dataset.fillvalue, dataset.dtype.newbyteorder("="))
    if out.size > 0:
        dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, out)
    return out


def readable_attributes(dataset):
    attributes = {}
    for name in ("_FillValue", "missing_value", "scale_factor", "add_offset", "valid_range", "valid_min", "valid_max", "_Unsigned"):
        if name in dataset.attrs:
            attributes[name] = dataset.attrs[name]
    return attributes


def expected_rows(path, raw=False):
    """One row a numeric dataset of the file, by dataset path."""
    rows = {}
    with h5py.File(path, "r") as file:
        for name, dataset in numeric_datasets(file):
            elements = elements_of(dataset)
            shape = None if dataset.shape is None else list(dataset.shape)
            rows[name] = {"file": str(path), "path": name, "dtype": stored_name(elements.dtype), "shape": shape,
                          **statistics(elements, readable_attributes(dataset), raw)}
    return rows


def bits(value):
    return struct.pack("<d", value)


def differences(found, expected):
    """What is wrong in a row, as texts. Every number must be the same, and of the same kind: floats bit by bit."""
    if list(found) != KEYS:
        return [f"keys {list(found)}"]
    wrong = []
    for key in KEYS:
        a, b = found[key], expected[key]
        if isinstance(b, float) and math.isinf(b):
            b = "Infinity" if b > 0 else "-Infinity"
        same = bits(a) == bits(b) if isinstance(a, float) and isinstance(b, float) else type(a) is type(b) and a == b
        if not same:
            wrong.append(f"{key} is {a!r}, should be {b!r}")
    return wrong
