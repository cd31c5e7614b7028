"""Quantiles against NumPy, bit for bit: random shapes, chunks, types, missing values, infinities, ranks and memory limits."""
import os
import shutil
import sys
import warnings

import h5py
import netCDF4
import numpy as np

from harness import Report, Xylem, check_error, check_success

TYPES = ["f4", "f8", "f2", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
DIMS = "tyx"


def sample(rng, kind, shape):
    if kind[0] != "f":
        info = np.iinfo(kind)
        wide = rng.random() < 0.5
        low, high = (info.min, info.max) if wide else (max(info.min, -9), 9)
        return rng.integers(low, high, shape, dtype=kind, endpoint=True)
    values = rng.normal(size=shape).astype(kind)
    if rng.random() < 0.5:
        values = np.round(values)  # many equal ones, zeros of both signs among them
    values[rng.random(shape) < 0.1] = np.nan
    if rng.random() < 0.3:
        values[rng.random(shape) < 0.05] = rng.choice([np.inf, -np.inf])
    if rng.random() < 0.3:
        values[:, 0, 0] = np.nan
    return values


def one(row, q, skipna):
    row = np.sort(row if not skipna else row[~np.isnan(row)])  # NaN last
    if not len(row) or np.isnan(row[-1]):
        return np.nan
    rank = q * (len(row) - 1)
    low, high, t = row[int(rank)], row[min(int(rank) + 1, len(row) - 1)], rank - int(rank)
    if low == high or t == 0:
        return low
    return low + (high - low) * t if t < 0.5 else high - (high - low) * (1 - t)


def between(values, q, axes, skipna=True):
    """By sorting; and the same as NumPy where all is finite (between infinities its interpolation is NaN)."""
    values = values.astype("f8")
    axes = tuple(range(values.ndim)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    kept = [d for d in range(values.ndim) if d not in axes]
    rows = values.transpose(*kept, *axes).reshape([values.shape[d] for d in kept] + [-1])
    result = np.array([np.apply_along_axis(one, -1, rows, each, skipna) for each in np.atleast_1d(q)])
    result = result if isinstance(q, list) else result[0]
    if not np.isinf(values).any():
        np.testing.assert_array_equal(result, (np.nanquantile if skipna else np.quantile)(values, q, axis=axes))
    return result


def check_random(xylem, report, folder, seed):
    rng = np.random.default_rng(seed)
    kind = TYPES[seed % len(TYPES)]
    shape = tuple(int(n) for n in rng.integers(1, 20, 3))
    values = sample(rng, kind, shape)
    path, out = f"{folder}/{seed}.h5", f"{folder}/{seed}.nc"
    with h5py.File(path, "w") as file:
        chunks = tuple(int(rng.integers(1, n + 1)) for n in shape)
        file.create_dataset("x", data=values, chunks=chunks, compression="gzip" if seed % 2 else None).attrs["dims"] = list(DIMS)
    asked = {}
    for i, q in enumerate([0, 1, 0.5, round(float(rng.random()), 3)]):
        for dims in ["", "t", "yx", "x"]:
            arguments = "".join(f", {dim}" for dim in dims)
            axis = tuple(DIMS.index(dim) for dim in dims) or None
            asked[f"a{i}{dims}"] = (f"quantile(x, {q}{arguments})", between(values, q, axis))
    asked["median"] = ("median(x, y)", between(values, 0.5, 1))
    asked["several"] = ("quantile(x, [0.25, 0.75], y)", between(values, [0.25, 0.75], 1))
    asked["strict"] = ("quantile(x, 0.3, t, skipna=false)", between(values, 0.3, 0, False))
    asked["part"] = ("median(x[t=::-2], t)", between(values[::-2], 0.5, 0))
    asked["inside"] = ("sum(x > median(x, t))", (values.astype("f8") > between(values, 0.5, (0,))).sum().astype("f8"))
    expressions = [part for name, (text, _) in asked.items() for part in ("-e", f"{name}={text}")]
    result = xylem.run("reduce", path, "-o", out, *expressions, "--memory", rng.choice(["256MiB", "1GiB"]), "--schedule",
                       rng.choice(["static", "dynamic"]), "--threads", int(rng.integers(1, 3)), ranks=1 + seed % 4, time_limit=60)
    if not check_success(report, result, f"quantiles {seed}"):
        return
    with netCDF4.Dataset(out) as file:
        file.set_auto_mask(False)
        for name, (text, expected) in asked.items():
            found = np.asarray(file[name][...], "f8")
            report.check(np.array_equal(found, np.asarray(expected, "f8"), equal_nan=True),
                         f"seed {seed} ({kind} {shape}): {text} is {found.ravel()[:6]}, not {np.ravel(expected)[:6]}")


def check_errors(xylem, report, folder):
    path = f"{folder}/0.h5"
    for text, fragment in [("quantile(x)", "quantile(x, q, dims..."), ("quantile(x, 1.5)", "is 1.5; it is from 0 to 1"),
                           ("quantile(x, nan)", "q is a number from 0 to 1"), ("quantile(x, 0.5, z)", "'z'"),
                           ("quantile(x, [], t)", "at least one q"), ("quantile(x, 0.5, t, ddof=1)", "ddof")]:
        check_error(report, xylem.run("reduce", path, "-e", f"a={text}", ranks=2), text, 2, fragment)


def main():
    program, mpiexec, folder = sys.argv[1:4]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    warnings.simplefilter("ignore")
    xylem, report = Xylem(program, mpiexec), Report()
    for seed in range(3 * len(TYPES)):
        check_random(xylem, report, folder, seed)
    check_errors(xylem, report, folder)
    report.finish()


main()
