#!/usr/bin/env python3
"""unwritten.py PROGRAM MPIEXEC SCRATCH: datasets of which little was ever written are reduced to the same bytes as the same elements written in
whole, however the work is dealt, and in time that follows what is stored, not their size. (Not called sparse.py: xarray would import it.)"""
import os
import shutil
import sys

import h5py
import numpy as np

from harness import Report, Xylem, check_success

SHAPE, CHUNK = (1500, 1300), (10, 15)
RUNS = [(1, []), (1, ["--threads", "2"]), (3, []), (2, ["--schedule", "dynamic"]), (2, ["--without", "column-order"])]
REDUCTIONS = "sum mean var std min max argmin argmax count any all".split()


def write(rng):
    """Each dataset twice: as its few chunks, and in whole."""
    with h5py.File("sparse.h5", "w") as sparse, h5py.File("whole.h5", "w") as whole:
        for name, dtype, fill, stored in (("x", "f4", 2.5, 30), ("y", "f8", np.nan, 5), ("k", "i2", -7, 60), ("n", "f8", 0.1, 0),
                                          ("z", "i4", 0, 1)):
            options = {"fillvalue": fill, "chunks": CHUNK, "compression": "gzip", "compression_opts": 1}
            few = sparse.create_dataset(name, SHAPE, dtype, **options)
            elements = np.full(SHAPE, fill, dtype)
            for _ in range(stored):
                row, col = (int(rng.integers(0, n // c)) * c for n, c in zip(SHAPE, CHUNK))
                part = np.s_[row:row + CHUNK[0], col:min(col + CHUNK[1], SHAPE[1])]
                values = rng.normal(0, 50, elements[part].shape).astype(dtype)
                elements[part] = few[part] = values
            whole.create_dataset(name, data=elements, chunks=(150, 260), compression="gzip", compression_opts=1)


def expressions():
    for name in ("x", "y", "k", "n", "z"):
        for i, reduction in enumerate(REDUCTIONS):
            for dims in ("", ", dim_0", ", dim_1")[i % 2:]:
                yield f"{reduction}({name}{dims})"
    yield from ("mean(x[dim_0=1:] - x[dim_0=:-1])", "std(x[dim_0=::-1] * n, dim_1)", "sum(y[dim_1=3::7], dim_1)", "mean(x + k * n)",
                "cov(x, n)", "max(x - mean(x))", "mean(x, weights=n)", "sum(rename(transpose(x), dim_0=a, dim_1=b), a)",
                "quantile(k, 0.999)", "min(x[dim_0=[3, 700, 1], dim_1=40:90])", "mean(fillna(y, 1))",
                "sum(y, min_count=10)", "argmax(x[dim_0=200:], dim_0)")


def check_same(report, xylem):
    texts = list(expressions())
    asked = [word for i, text in enumerate(texts) for word in ("-e", f"r{i} = {text}")]
    if not check_success(report, xylem.run("reduce", "whole.h5", *asked, "-o", "whole.nc", time_limit=120), "in whole"):
        return
    for ranks, options in RUNS:
        what = f"sparse on {ranks} {options}"
        if not check_success(report, xylem.run("reduce", "sparse.h5", *asked, *options, "-o", "few.nc", "--overwrite", ranks=ranks, time_limit=120), what):
            continue
        with h5py.File("whole.nc") as expected, h5py.File("few.nc") as found:
            for i, text in enumerate(texts):
                a, b = found[f"r{i}"][()], expected[f"r{i}"][()]
                report.check(a.tobytes() == b.tobytes(), f"{what}: {text} is {a}, not {b}")


def check_vast(report, xylem):
    """10^14 elements, of which 5 chunks are there; element by element this would take days."""
    shape, chunk = (10**7, 10**7), (1000, 1000)
    with h5py.File("vast.h5", "w") as file:
        few = file.create_dataset("few", shape, "f4", chunks=chunk, fillvalue=0.5)
        file.create_dataset("never", shape, "i2", chunks=chunk, fillvalue=3)
        for i in range(5):
            few[2_000_000 * i, 1_999_000 * i] = i + 1
    for ranks in (1, 3):
        result = xylem.run("reduce", "vast.h5", "-e", "s=sum(few)", "-e", "m=max(few)", "-e", "p=argmax(few)", "-e", "c=count(never)", "-e",
                           "t=sum(never)", "-o", "vast.nc", "--overwrite", ranks=ranks, time_limit=60)
        if not check_success(report, result, f"vast on {ranks}"):
            continue
        with h5py.File("vast.nc") as file:
            found = [file[name][()] for name in "smpct"]
        expected = [0.5 * 10**14 - 2.5 + 15, 5.0, 8_000_000 * 10**7 + 4 * 1_999_000, 10**14, 3 * 10**14]
        report.check(found == expected, f"vast on {ranks}: {found}, not {expected}")


def main(program, mpiexec, scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    report, xylem = Report(), Xylem(program, mpiexec)
    write(np.random.default_rng(8))
    check_same(report, xylem)
    check_vast(report, xylem)
    report.finish()


main(*sys.argv[1:])
