#!/usr/bin/env python3
"""reduce.py PROGRAM MPIEXEC SCRATCH: `xylem reduce` on generated files against an independent oracle on NumPy, xarray and whole numbers.

Random expressions over datasets of every type and layout; the same data is stored in three ways. Each job runs with several numbers of
ranks, schedules, memory limits, threads and optimizer passes: the values must be the same bytes everywhere. Reductions of stored values
must equal the exact result rounded once; other floats agree to within the precision of what they are computed in.

XYLEM_TEST_SEED and XYLEM_TEST_JOBS choose other random jobs, and more of them.
"""
import importlib.util
import itertools
import os
import random
import re
import shutil
import sys
import warnings

# First, for it chooses NumPy's rules of promotion.
specification = importlib.util.spec_from_file_location(
    "expressions", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "array", "oracle.py"))
expressions = importlib.util.module_from_spec(specification)
specification.loader.exec_module(expressions)

import numpy as np
import xarray as xr

import exact_reductions
from harness import Report, Xylem, check_success
from labelled_files import LAYOUTS, open_result, random_sources, write_files

warnings.simplefilter("ignore")
ALL_RUNS = [(layout, ranks, ["--schedule", schedule, "--memory", memory])
            for layout, ranks, schedule, memory in itertools.product(LAYOUTS, (1, 2, 3, 4), ("static", "dynamic"), ("64MiB", "1GiB"))]
PASSES = ("push-selections", "share-reads", "keep-small-inputs", "column-order", "bands")


def random_run(rng):
    layout, ranks, options = rng.choice(ALL_RUNS)
    if rng.random() < 0.3:
        options = options + ["--threads", str(rng.choice([2, 3]))]
    if rng.random() < 0.3:
        options = options + ["--without", rng.choice(PASSES)]
    if rng.random() < 0.5:
        options = options + ["--chunks", rng.choice(["auto", "3,2", "2,3,2", "1,1,1,2"])]
    if rng.random() < 0.4:
        options = options + ["--deflate", str(rng.randint(1, 9))]
    return layout, ranks, options


class Case:
    """A result that is asked for: its expression, the value it should have, and the bytes of the least precise float on the way to it
    (None: every bit counts)."""

    def __init__(self, text, value, precision):
        self.text, self.precision = text, precision
        self.value = value if isinstance(value, xr.DataArray) else xr.DataArray(value)


def within_expressions(rng, sources):
    """Reductions within expressions, which need several passes."""
    name = rng.choice([name for name, array in sources.items() if array.dtype in (np.float64, np.float32) and name not in "bw"])
    array = sources[name]
    dims = rng.sample(list(array.dims), rng.randint(1, array.ndim))
    listed = ", ".join([name] + dims)
    mean = exact_reductions.reduce("mean", array, dims)
    anomaly = expressions.apply(np.subtract, array, mean)
    kind = rng.randrange(4)
    if kind == 0:
        return f"{name} - mean({listed})", anomaly
    if kind == 1:
        return f"where({name} > mean({listed}), {name})", expressions.choose(expressions.apply(np.greater, array, mean), array, np.nan)
    if kind == 2:
        std = exact_reductions.reduce("std", array, dims)
        return f"({name} - mean({listed})) / std({listed})", expressions.apply(np.divide, anomaly, std)
    return f"sum(({name} - mean({listed})) * 2, {dims[0]})", exact_reductions.reduce("sum", expressions.apply(np.multiply, anomaly, 2), dims[:1])


def exact_case(rng, generator, sources):
    """A reduction of stored values, of a selection of them, or of some that the sign alone was changed."""
    name = rng.choice(list(sources))
    text, array = name, sources[name]
    for _ in range(rng.randint(0, 2)):
        if array.ndim == 0:
            break
        dim = rng.choice(array.dims)
        chosen, indexer, by_label = generator.selector(dim, array.sizes[dim], array.indexes.get(dim))
        text, array = generator.made(f"{text}[{dim}={chosen}]",
                                     lambda: array.sel({dim: indexer[0]}, **indexer[1]) if by_label else array.isel({dim: indexer}))
    if rng.random() < 0.2 and array.dtype.kind == "f":
        text, array = f"(-{text})", -array
    reduction = rng.choice("sum mean var std min max argmin argmax count any all cov corr dot weighted".split())
    dims = rng.sample(list(array.dims), rng.randint(0, array.ndim))
    options = {}
    if reduction in ("cov", "corr", "dot"):
        other = rng.choice([key for key, value in sources.items() if value.dtype != bool] + [name])
        if array.dtype == bool or reduction == "dot" and (array.dtype.kind != "f" or sources[other].dtype.kind != "f"):
            reduction = "count"
        elif other != name and text != name:
            reduction = "std"
        else:
            second = array if other == name else sources[other]
            dims = [dim for dim in dims if dim in second.dims]
            dims = dims or [dim for dim in array.dims if dim in second.dims][:1]
            if not dims:
                return name, sources[name]
            listed = ", ".join([text, text if other == name else other] + dims)
            return generator.made(f"{reduction}({listed})", lambda: exact_reductions.paired(reduction, *xr.align(array, second, join="exact"), dims))
    if reduction == "weighted":
        if "lat" not in array.dims or text != name or array.dtype == bool or np.isinf(array).any():
            reduction = "mean"
        else:
            dims = list({"lat", *dims})
            reduction = rng.choice(["sum", "mean", "var", "std"])
            return f"{reduction}({', '.join([text] + dims)}, weights=w)", exact_reductions.weighted(reduction, array, sources["w"], dims)
    if reduction in ("var", "std") and rng.random() < 0.5:
        options["ddof"] = rng.choice([1, 2])
    if reduction in "sum mean var std min max argmin argmax".split() and rng.random() < 0.3:
        options["skipna"] = False
    elif reduction == "sum" and array.dtype.kind == "f" and rng.random() < 0.4:
        options["min_count"] = rng.choice([1, 3])
    words = [f"{key}={str(value).lower()}" for key, value in options.items()]
    keepdims = rng.random() < 0.2
    full = f"{reduction}({', '.join([text] + dims + words + ['keepdims=true'] * keepdims)})"
    if reduction in ("min", "max") and array.dtype.kind != "f" and int(np.prod([array.sizes[dim] for dim in dims or array.dims], dtype=int)) == 0:
        array = array.astype("float64")
    value = exact_reductions.reduce(reduction, array, dims, **options)
    return full, exact_reductions.keep_dims(value, array, dims) if keepdims else value


def make_cases(rng, sources, count):
    """Cases, and expressions that xarray refuses."""
    generator = expressions.Generator(rng, {name: array for name, array in sources.items() if name != "q"})
    cases, refused, labels = [], [], {}
    while len(cases) < count:
        kind = rng.random()
        try:
            if kind < 0.45:
                case = Case(*exact_case(rng, generator, sources), None)
            elif kind < 0.6:
                case = Case(*within_expressions(rng, sources), None)
            else:
                case = Case(*generator.expression())
            cases.append(beside_others(case, len(cases), labels))
        except expressions.Refused as error:
            refused.append(error.text)
    return cases, refused


def beside_others(case, number, labels):
    """One file has one size and one set of labels for a dim: the dims of a result that has others get names of their own."""
    names = {}
    for dim in case.value.dims:
        own = (case.value.sizes[dim], case.value.coords[dim].values.tolist() if dim in case.value.coords else None)
        known = labels.setdefault(dim, own)
        if known != own:
            names[dim] = f"{dim}_{number}"
    if not names:
        return case
    renamed = ", ".join(f"{old}={new}" for old, new in names.items())
    return Case(f"rename({case.text}, {renamed})", case.value.rename(names), case.precision)


def problem(case, found):
    """What is wrong with a result as it was written, or None. Scalar coords may be missing: those in which results differ are."""
    expected = case.value
    if list(zip(found.dims, found.shape)) != list(zip(expected.dims, expected.shape)):
        return f"dims {dict(zip(found.dims, found.shape))}, not {dict(expected.sizes)}"
    stored = {"float16": "float32", "bool": "int8"}.get(str(expected.dtype), str(expected.dtype))
    if str(found.dtype) != stored:
        return f"type {found.dtype}, not {stored}"
    for name, coord in expected.coords.items():
        if coord.dims == () and name not in found.coords:
            continue
        if name not in found.coords or not np.array_equal(found.coords[name], coord.values):
            return f"coord {name}: {found.coords.get(name)}, not {coord.values}"
    if expected.dtype.kind == "f" and case.precision is not None:
        tolerance = {2: 4e-3, 4: 2e-5, 8: 1e-10}[min(expected.dtype.itemsize, case.precision)]
        good = expressions.close(found.values.astype("float64"), expected.values.astype("float64"), tolerance)
    else:
        good = np.array_equal(found.values, expected.values, equal_nan=expected.dtype.kind == "f")
    return None if good else f"values\n  {found.values.tolist()}, not\n  {expected.values.tolist()}"


def run_job(report, xylem, what, sources, cases, runs, files_of, options):
    """Runs all cases together in each way; the first way's values are compared with the oracle's, the others' bytes with the first's."""
    asked = [word for i, case in enumerate(cases) for word in ("-e", f"r{i} = {case.text}")]
    jobs = []
    for number, (layout, ranks, how) in enumerate(runs):
        jobs.append((["reduce", *files_of[layout], *asked, "-o", f"out_{number}.nc", *how, *options], {"ranks": ranks, "time_limit": 60}))
    first = None
    for number, ((layout, ranks, how), result) in enumerate(zip(runs, xylem.run_all(jobs))):
        name = f"{what}: {layout}, {ranks} ranks, {' '.join(how)}"
        named = re.search(r"give at least --memory (\d+MiB)", result.err)
        if named:  # what is named must do
            result = xylem.run(*[named[1] if word == "64MiB" else word for word in jobs[number][0]], **jobs[number][1])
        if not check_success(report, result, name):
            continue
        found = [open_result(f"out_{number}.nc", f"r{i}") for i in range(len(cases))]
        os.remove(f"out_{number}.nc")
        if first is None:
            first = (name, found)
            for case, value in zip(cases, found):
                wrong = problem(case, value)
                report.check(wrong is None, f"{name}: {case.text}: {wrong}")
            continue
        for case, value, other in zip(cases, first[1], found):
            report.check(value.dims == other.dims and value.values.tobytes() == other.values.tobytes(),
                         f"{name}: {case.text}: other bytes than {first[0]}: {other.values.tolist()}, not {value.values.tolist()}")


def overflows(xylem, files, cases):
    """Without the cases whose integer sums leave 64 bits: these are errors, and others have to be compared."""
    while True:
        asked = [word for i, case in enumerate(cases) for word in ("-e", f"r{i} = {case.text}")]
        result = xylem.run("reduce", *files, *asked, "-o", "try.nc", "--overwrite", ranks=0, time_limit=60)
        if result.code != 3 or "does not fit in" not in result.err:
            return cases
        named = re.search(r"the \w+ of 'r(\d+)' at", result.err)
        if named is None:  # within an expression: find it
            bad = [case for case in cases if xylem.run("reduce", *files, "-e", f"r0={case.text}", ranks=0).code == 3]
        else:
            bad = [cases[int(named[1])]]
        cases = [case for case in cases if case not in bad]


def check_refusals(report, xylem, files, texts):
    for text, result in zip(texts, xylem.run_all([(["reduce", *files, "-e", f"r = {text}"], {"ranks": 0}) for text in texts])):
        report.check(result.code == 2, f"{text}: not refused: {result.code} {result.err!r}")


def main(program, mpiexec, scratch):
    seed, jobs = int(os.environ.get("XYLEM_TEST_SEED", "1")), int(os.environ.get("XYLEM_TEST_JOBS", "5"))
    report, xylem = Report(), Xylem(program, mpiexec)
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    for job in range(jobs):
        rng, numbers = random.Random(1000 * seed + job), np.random.default_rng(1000 * seed + job)
        sources = random_sources(numbers)
        files_of, options = write_files(f"job_{job}", numbers, sources, concat=job % 2 == 1)
        cases, refused = make_cases(rng, sources, 24)
        cases = overflows(xylem, files_of[LAYOUTS[0]], cases)
        what = f"seed {seed}, job {job}"
        runs = ALL_RUNS if job == 0 else [(layout, 1, []) for layout in LAYOUTS] + [random_run(rng) for _ in range(5)]
        run_job(report, xylem, what, sources, cases, runs, files_of, options)
        if not options:
            check_refusals(report, xylem, files_of[LAYOUTS[0]], refused[:8])
    report.finish()


if __name__ == "__main__":
    main(*sys.argv[1:])
