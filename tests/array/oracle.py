#!/usr/bin/env python3
"""Random expressions: the reference evaluator against NumPy and xarray.

Usage: oracle.py EVALUATE [SEED [COUNT]], EVALUATE being the program of evaluate.cpp. Every expression is built twice, as text and as an xarray
value; where xarray refuses one, xylem must too.
"""

import os
import random
import subprocess
import sys
import warnings

os.environ["NPY_PROMOTION_STATE"] = "weak"  # NumPy before 2: Python's numbers are weak, as they always are from 2 on

import numpy as np
import xarray as xr

warnings.simplefilter("ignore")
np.seterr(all="ignore")
xr.set_options(arithmetic_join="exact", keep_attrs=False)
FLOATS = ("float16", "float32", "float64")


def make_sources(rng):
    """Arrays by name, with missing values, unlike dims, decreasing and increasing coords, and a dim (lon) without any."""
    time, lat = np.array([10, 20, 30, 50]), np.array([60.0, 30.5, 0.0, -30.5, -60.0])
    sizes = {"time": 4, "lat": 5, "lon": 3}

    def array(dims, values, dtype):
        coords = {name: value for name, value in (("time", time), ("lat", lat)) if name in dims}
        return xr.DataArray(values.astype(dtype), dims=dims, coords=coords)

    def normal(*dims):
        values = rng.normal(0, 3, [sizes[dim] for dim in dims])
        values[rng.random(values.shape) < 0.15] = np.nan
        return values

    def whole(low, high, *dims):
        return rng.integers(low, high, [sizes[dim] for dim in dims], endpoint=True)

    return {
        "t": array(["time", "lat", "lon"], normal("time", "lat", "lon"), "float64"),
        "u": array(["time", "lat"], normal("time", "lat"), "float32"),
        "v": array(["lat", "time"], normal("lat", "time"), "float32"),
        "h": array(["lon"], normal("lon"), "float16"),
        "i": array(["time", "lon"], whole(-300, 300, "time", "lon"), "int16"),
        "j": array(["time"], whole(-9, 9, "time"), "int64"),
        "k": array(["lat"], whole(0, 200, "lat"), "uint8"),
        "b": array(["time", "lat"], whole(0, 1, "time", "lat"), "bool"),
        "x": array(["time"], np.full(4, np.nan), "float64"),  # nothing but missing values
        "w": xr.DataArray(rng.random(5), dims=["lat"], coords={"lat": lat}),
    }


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def dtype_of(value):
    return value if is_number(value) else np.asarray(value).dtype


def is_float(value):
    return isinstance(value, float) or (not is_number(value) and str(np.asarray(value).dtype) in FLOATS)


def cast(value, dtype):
    if isinstance(value, int) and dtype.kind in "iu":
        info = np.iinfo(dtype)
        if not info.min <= value <= info.max:
            raise OverflowError(f"{value} is out of bounds for {dtype}")
    return np.asarray(value).astype(dtype) if is_number(value) else value.astype(dtype)


def apply(function, *values):
    return xr.apply_ufunc(function, *values, join="exact")


def choose(condition, a, b):
    dtype = np.result_type(dtype_of(a), dtype_of(b))
    return apply(np.where, condition, cast(a, dtype), cast(b, dtype))


def fillna(a, b):
    return choose(apply(np.logical_not, apply(np.isnan, a)), a, b)


def exact_float(x):
    return x.astype("float64") if is_float(x) else x


def extreme_place(x, dims, least, skipna):
    """argmin and argmax: -1 where there is none."""
    kept = [dim for dim in x.dims if dim not in dims]
    reduced = [dim for dim in x.dims if dim in dims]
    ordered = x.transpose(*kept, *reduced)
    rows = ordered.values.reshape([int(np.prod([x.sizes[dim] for dim in some], dtype=int)) for some in (kept, reduced)])
    places = []
    for row in rows:
        best = -1
        for place, value in enumerate(row):
            if value != value:
                if not skipna:
                    best = place
                    break
            elif best < 0 or (value < row[best] if least else value > row[best]):
                best = place
        places.append(best)
    result = ordered.count(reduced)
    return result.copy(data=np.array(places, "int64").reshape(result.shape))


def reduce(name, x, dims, **options):
    dims = list(dims) or None
    skipna = options.get("skipna", True)
    if name in ("argmin", "argmax"):
        return extreme_place(x, dims or x.dims, name == "argmin", skipna)
    if name in ("count", "any", "all"):
        return getattr(x, name)(dims)
    if name in ("sum", "prod"):
        x = x.astype({"b": "int64", "i": "int64", "u": "uint64", "f": "float64"}[x.dtype.kind])
        return getattr(x, name)(dims, skipna=skipna, min_count=options.get("min_count"))
    if name in ("var", "std"):
        return getattr(exact_float(x), name)(dims, skipna=skipna, ddof=options.get("ddof", 0))
    return getattr(exact_float(x) if name == "mean" else x, name)(dims, skipna=skipna)


BINARY = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
COMPARE = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal}


class Refused(Exception):
    """xarray refuses `text`."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text


class Generator:
    def __init__(self, rng, sources):
        self.rng = rng
        self.sources = sources
        self.precision = 8  # bytes of the least precise float on the way to a value

    def expression(self):
        self.precision = 8
        text, value = self.array(self.rng.randint(1, 4))
        return text, value, self.precision

    def made(self, text, make):
        try:
            return text, self.noted(make())
        except Exception as error:
            raise Refused(text) from error

    def noted(self, value):
        if not is_number(value) and is_float(value):
            self.precision = min(self.precision, value.dtype.itemsize)
        return value

    def number(self):
        value = self.rng.choice([1, 2, 3, 7, -2, 0.5, 1.5, -2.25, 1e3, 0.1])
        return f"({value})" if value < 0 else repr(value), value

    def leaf(self):
        name = self.rng.choice([name for name in self.sources if name not in "bw"])
        return name, self.noted(self.sources[name])

    def leaf_or_number(self):
        return self.leaf() if self.rng.random() < 0.7 else self.number()

    def operand(self, depth):
        return self.number() if self.rng.random() < 0.2 else self.array(depth)

    def array(self, depth):
        """A numeric array."""
        if depth <= 0:
            return self.leaf()
        makers = [self.binary] * 4 + [self.whole_division, self.function, self.negative, self.pick, self.fill, self.limits, self.cast,
                  self.transposed, self.joined] + [self.select] * 3 + [self.reduction] * 4 + [self.weighted, self.paired, self.chosen]
        return self.rng.choice(makers)(depth - 1)

    def truth(self, depth):
        """A bool array."""
        kind = self.rng.randrange(6)
        if depth <= 0 or kind == 0:
            return "b", self.sources["b"]
        if kind <= 2:
            (a, x), (b, y) = self.leaf(), self.leaf_or_number()
            symbol = self.rng.choice(list(COMPARE))
            if x.dtype.kind == "u" and not is_float(y):
                x = x.astype("int64")  # NumPy before 2 does not compare these as they are
            return self.made(f"({a} {symbol} {b})", lambda: apply(COMPARE[symbol], x, y))
        if kind == 3:
            (a, x), (b, y) = self.truth(depth - 1), self.truth(depth - 1)
            symbol = self.rng.choice(["&", "|", "and", "or"])
            return self.made(f"({a} {symbol} {b})", lambda: apply(np.logical_and if symbol in "& and" else np.logical_or, x, y))
        if kind == 4:
            a, x = self.truth(depth - 1)
            return self.made(self.rng.choice([f"(!{a})", f"(not {a})", f"(~{a})"]), lambda: apply(np.logical_not, x))
        a, x = self.array(depth - 1)
        name = self.rng.choice(["isnull", "notnull", "isfinite"])
        function = {"isnull": np.isnan, "notnull": lambda z: ~np.isnan(z), "isfinite": np.isfinite}[name]
        return self.made(f"{name}({a})", lambda: apply(function, x))

    def binary(self, depth):
        (a, x), (b, y) = self.array(depth), self.operand(depth)
        if self.rng.random() < 0.3:
            (a, x), (b, y) = (b, y), (a, x)
        symbol = self.rng.choice(list(BINARY))
        return self.made(f"({a} {symbol} {b})", lambda: apply(BINARY[symbol], x, y))

    def whole_division(self, depth):
        (a, x), (b, y) = self.leaf(), self.leaf_or_number()
        symbol = self.rng.choice(["//", "%"])
        return self.made(f"({a} {symbol} {b})", lambda: apply(np.floor_divide if symbol == "//" else np.remainder, x, y))

    def function(self, depth):
        a, x = self.array(depth)
        name = self.rng.choice(["sin", "cos", "arctan", "sqrt", "abs", "hypot", "power", "log1p", "sign", "minimum", "maximum", "fmin"])
        if name in ("sqrt", "log1p"):
            return self.made(f"{name}(abs({a}))", lambda: apply(getattr(np, name), apply(np.abs, x)))
        if name == "power":
            exponent = self.rng.choice([2, 3, 0.5])
            return self.made(f"abs({a}) {self.rng.choice(['**', '^'])} {exponent}", lambda: apply(np.power, apply(np.abs, x), exponent))
        if name in ("hypot", "minimum", "maximum", "fmin"):
            b, y = self.operand(depth)
            return self.made(f"{name}({a}, {b})", lambda: apply(getattr(np, name), x, y))
        return self.made(f"{name}({a})", lambda: apply(getattr(np, name), x))

    def negative(self, depth):
        a, x = self.array(depth)
        return self.made(f"-{a}" if a.isalnum() else f"-({a})", lambda: apply(np.negative, x))

    def pick(self, depth):
        (c, z), (a, x), (b, y) = self.truth(depth), self.array(depth), self.operand(depth)
        return self.made(f"where({c}, {a}, {b})", lambda: choose(z, x, y))

    def chosen(self, depth):
        (c, z), (a, x) = self.truth(depth), self.array(depth)
        dtype = x.dtype if is_float(x) else np.dtype("float32" if x.dtype.itemsize <= 2 else "float64")
        if x.dtype == bool:
            raise Refused(f"where({c}, {a})")
        return self.made(f"where({c}, {a})", lambda: choose(z, x.astype(dtype), np.nan))

    def fill(self, depth):
        (a, x), (b, y) = self.array(depth), self.operand(depth)
        return self.made(f"fillna({a}, {b})", lambda: fillna(x, y))

    def limits(self, depth):
        a, x = self.array(depth)
        return self.made(f"clip({a}, -1, 2.5)", lambda: apply(np.minimum, apply(np.maximum, x, -1), 2.5))

    def cast(self, depth):
        a, x = self.leaf() if depth % 2 else self.array(depth)
        name = self.rng.choice(FLOATS[1:] if is_float(x) else ["int8", "int64", "uint16", "float32"])
        return self.made(f"astype({a}, {name})", lambda: x.astype(name))

    def transposed(self, depth):
        a, x = self.array(depth)
        dims = list(x.dims)
        self.rng.shuffle(dims)
        return self.made(f"transpose({', '.join([a] + dims)})", lambda: x.transpose(*dims))

    def joined(self, depth):
        a, x = self.array(depth)
        if x.dims and self.rng.random() < 0.5:
            dim = x.dims[0]
            return self.made(f"concat(({a})[{dim}=1:], ({a})[{dim}=:1], dim={dim})",
                             lambda: xr.concat([x.isel({dim: slice(1, None)}), x.isel({dim: slice(None, 1)})], dim))
        if "member" in x.dims:
            return a, x
        return self.made(f"concat({a}, {a}, dim=member)", lambda: xr.concat([x, x], "member"))

    def select(self, depth):
        a, x = self.array(depth)
        if not x.dims:
            return a, x
        dim = self.rng.choice(x.dims)
        size = x.sizes[dim]
        text, indexer, by_label = self.selector(dim, size, x.indexes.get(dim))
        if by_label:
            return self.made(f"({a})[{dim}={text}]", lambda: x.sel({dim: indexer[0]}, **indexer[1]))
        return self.made(f"({a})[{dim}={text}]", lambda: x.isel({dim: indexer}))

    def selector(self, dim, size, index):
        rng = self.rng
        kind = rng.randrange(6)
        if index is not None and len(index) > 0 and kind <= 2 and index.is_unique:
            value = rng.choice(list(index))
            plain = f"{value:g}"
            if kind == 0:
                return f"@{plain}", (value, {}), True
            off = value + rng.choice([-6, -1, 0, 2, 5.25])
            if kind == 1:
                if not (index.is_monotonic_increasing or index.is_monotonic_decreasing):
                    return "0", 0, False
                return f"~{off!r} within 5.5", (off, {"method": "nearest", "tolerance": 5.5}), True
            low, high = sorted([off, rng.choice(list(index))])
            if index.is_monotonic_increasing:
                return f"{low!r}..{high!r}", (slice(low, high), {}), True
            if index.is_monotonic_decreasing:
                return f"{low!r}..{high!r}", (slice(high, low), {}), True
        if kind == 3:
            place = rng.randint(-size - 1, size)
            return str(place), place, False
        if kind == 4:
            places = [rng.randint(-size, max(size - 1, 0)) for _ in range(rng.randint(1, 3))]
            return str(places), places, False
        start, stop = (rng.choice([None, rng.randint(-size - 2, size + 2)]) for _ in range(2))
        step = rng.choice([None, 1, 2, -1, -2, 9])
        text = f"{'' if start is None else start}:{'' if stop is None else stop}{'' if step is None else f':{step}'}"
        return text, slice(start, stop, step), False

    def reduction(self, depth):
        rng = self.rng
        name = rng.choice("sum prod mean var std min max argmin argmax count any all".split())
        a, x = self.leaf() if name in ("argmin", "argmax") else self.truth(depth) if name in ("any", "all") else self.array(depth)
        dims = rng.sample(list(x.dims), rng.randint(0, len(x.dims)))
        size = int(np.prod([x.sizes[dim] for dim in dims or x.dims], dtype=int))
        if (name == "prod" and not is_float(x)) or (name in ("min", "max") and size == 0):
            name = "sum"
        options = {}
        if name in "sum prod mean var std min max argmin argmax".split() and rng.random() < 0.3:
            options["skipna"] = False
        if name in ("var", "std") and rng.random() < 0.5:
            options["ddof"] = rng.choice([1, 2])
        if name in ("sum", "prod") and is_float(x) and rng.random() < 0.4 and options.get("skipna", True):
            options["min_count"] = rng.choice([1, 3])
        given = [a] + dims + [f"{key}={str(value).lower()}" for key, value in options.items()]
        text = f"{name}({', '.join(given)})"
        if rng.random() < 0.2:
            text = f"({a}).{name}({', '.join(given[1:])})"
        return self.made(text, lambda: reduce(name, x, dims, **options))

    def weighted(self, depth):
        a, x = self.array(depth)
        name = self.rng.choice(["sum", "mean", "var", "std"])
        if "lat" not in x.dims or np.isinf(x).any():  # xarray's weighted variance of infinities is 0
            return a, x
        weight, weights = ("w", self.sources["w"]) if self.rng.random() < 0.7 else ("k", self.sources["k"].astype("float64"))
        dims = list({"lat", self.rng.choice(x.dims)})
        return self.made(f"{name}({', '.join([a] + dims)}, weights={weight})",
                         lambda: getattr(exact_float(x).astype("float64").weighted(weights), name)(dims))

    def paired(self, depth):
        (a, x), (b, y) = self.array(depth), self.array(depth)
        common = [dim for dim in x.dims if dim in y.dims]
        if not common or np.isinf(x).any() or np.isinf(y).any():
            return a, x
        x, y = x.astype("float64"), y.astype("float64")
        dim = self.rng.choice(common)
        name = self.rng.choice(["cov", "corr", "dot"])
        if name == "dot":
            return self.made(f"dot(astype({a}, float64), {b}, {dim})",
                             lambda: apply(np.multiply, x, y).sum(dim, skipna=False))
        return self.made(f"{name}({a}, {b}, {dim})", lambda: getattr(xr, name)(*xr.align(x, y, join="exact"), dim=dim))


def encode(value):
    if isinstance(value, (float, np.floating)):
        return float(value).hex() if np.isfinite(value) else str(float(value))
    return str(int(value))


def source_lines(name, array):
    yield " ".join(["source", name, str(array.dtype), str(array.ndim)] + [f"{d} {array.sizes[d]}" for d in array.dims])
    yield " ".join(encode(value) for value in array.values.ravel())
    for dim in array.coords:
        yield f"coord {dim} {dim} {'int' if array[dim].dtype.kind == 'i' else 'double'}"
        yield " ".join(encode(value) for value in array[dim].values)


def decode(words, kind):
    return [float.fromhex(w) if kind == "f" and w.strip("-")[0].isdigit() else float(w) if kind == "f" else int(w) for w in words]


def answers(lines):
    """(header words, values, coords), or an error's message, for each expression."""
    lines = iter(lines)
    for line in lines:
        if line.startswith("error "):
            yield line
            continue
        body = []
        for inner in lines:
            if inner == "end":
                break
            body.append(inner.split())
        yield line.split(), body[0][1:], body[1:]


def close(ours, theirs, tolerance):
    scale = np.nanmax(np.abs(theirs[np.isfinite(theirs)]), initial=0)
    return np.isclose(ours, theirs, rtol=tolerance, atol=tolerance * max(scale, 1e-3), equal_nan=True).all()


def check(answer, value, precision):
    """What is wrong with an answer, or None."""
    if isinstance(answer, str):
        return answer
    header, words, coords = answer
    expected = value if isinstance(value, xr.DataArray) else xr.DataArray(value)
    dims = dict(zip(header[2::2], map(int, header[3::2])))
    if list(dims.items()) != list(zip(expected.dims, expected.shape)):
        return f"dims {dims}, not {dict(expected.sizes)}"
    if header[1] != str(expected.dtype):
        return f"type {header[1]}, not {expected.dtype}"
    kind = expected.dtype.kind
    ours = np.array(decode(words, kind), expected.dtype if kind != "f" else "float64").reshape(expected.shape)
    if kind == "f":
        tolerance = {2: 4e-3, 4: 2e-5, 8: 1e-10}[min(expected.dtype.itemsize, precision)]
        if not close(ours, expected.values.astype("float64"), tolerance):
            return f"values {ours.tolist()}, not {expected.values.tolist()}"
    elif not (ours == expected.values).all():
        return f"values {ours.tolist()}, not {expected.values.tolist()}"
    found = {c[1]: (c[2], c[3:]) for c in coords}
    if set(found) != set(expected.coords):
        return f"coords {sorted(found)}, not {sorted(expected.coords)}"
    for name, coord in expected.coords.items():
        values = np.array([float.fromhex(w) if "x" in w else float(w) for w in found[name][1]])
        if found[name][0] != (coord.dims[0] if coord.dims else "-") or not np.array_equal(values, np.ravel(coord.values)):
            return f"coord {name}: {found[name]}, not {coord.values}"
    return None


def main():
    program, seed, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1, int(sys.argv[3]) if len(sys.argv) > 3 else 400
    sources = make_sources(np.random.default_rng(seed))
    generator = Generator(random.Random(seed), sources)
    cases, refusals = [], []
    while len(cases) < count:
        try:
            cases.append(generator.expression())
        except Refused as refused:
            refusals.append(refused.text)
    refusals = refusals[:count // 4]
    lines = [line for name, array in sources.items() for line in source_lines(name, array)]
    lines += [f"expr {text}" for text, _, _ in cases] + [f"expr {text}" for text in refusals]
    output = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    found = list(answers(output.splitlines()))
    assert len(found) == len(cases) + len(refusals), (len(found), len(cases), len(refusals))
    failures = []
    for (text, value, precision), answer in zip(cases, found):
        problem = check(answer, value, precision)
        if problem:
            failures.append(f"{text}: {problem}")
    failures += [f"{text}: not refused" for text, answer in zip(refusals, found[len(cases):]) if not isinstance(answer, str)]
    print("\n".join(failures[:20]))
    print(f"seed {seed}: {len(cases)} expressions, {len(refusals)} refusals, {len(failures)} failures")
    sys.exit(1 if failures or not refusals else 0)


if __name__ == "__main__":
    main()
