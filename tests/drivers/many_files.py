#!/usr/bin/env python3
"""Many files as one array, against xarray on the same files; files that cannot be read; end to end, on 1 to 4 ranks.

Usage: many_files.py XYLEM MPIEXEC FOLDER
"""
import json
import os
import pathlib
import shutil
import sys

import h5py
import numpy as np
import xarray as xr

from harness import Report, Xylem, check_error, check_success

xylem = Xylem(sys.argv[1], sys.argv[2])
folder = sys.argv[3]
report = Report()
rng = np.random.default_rng(20261123)


def fresh(name):
    path = os.path.join(folder, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def save(path, t, **coords):
    """One file with `t` of dims named by `coords`, in their order; a scalar coord is an attribute of the file."""
    dims = [name for name, values in coords.items() if np.ndim(values)]
    data = xr.Dataset({"t": (dims, t)}, {name: values for name, values in coords.items() if np.ndim(values)})
    data.attrs = {name: values for name, values in coords.items() if not np.ndim(values)}
    data.to_netcdf(path, engine="h5netcdf", encoding={name: {"_FillValue": None} for name in data.variables})


def check_same(what, where, expected, *arguments, expression="m=t", notes=()):
    """The result of an expression on 1 to 4 ranks is just what xarray makes of the files."""
    for ranks in (1, 2, 3, 4):
        out = os.path.join(where, f"out{ranks}.nc")
        result = xylem.run("reduce", os.path.join(where, "f*.nc"), "-e", expression, "-o", out, *arguments, ranks=ranks)
        if not check_success(report, result, f"{what} on {ranks} ranks"):
            continue
        for note in notes:
            report.check(note in result.err, f"{what}: no {note!r} in {result.err!r}")
        with xr.open_dataset(out) as data:
            found = data["m"].load()
        os.remove(out)
        ok = report.check(found.dims == expected.dims and found.shape == expected.shape,
                          f"{what}: {found.dims} {found.shape}, not {expected.dims} {expected.shape}")
        if not ok:
            continue
        report.check(found.dtype == expected.dtype, f"{what}: {found.dtype}, not {expected.dtype}")
        report.check(np.array_equal(found.values, expected.values, equal_nan=found.dtype.kind == "f"),
                     f"{what}: values differ\n{found.values}\n{expected.values}")
        for dim in expected.dims:
            if dim in expected.coords:
                report.check(dim in found.coords and np.array_equal(found[dim].values, expected[dim].values),
                             f"{what}: labels of {dim}: {found.coords.get(dim)}, not {expected[dim].values}")


def opened(where):
    paths = sorted(os.path.join(where, name) for name in os.listdir(where) if name.startswith("f"))
    return [xr.load_dataset(path)["t"] for path in paths]


# Along a dim that is there, labels of other dims that differ, types too.
for trial in range(6):
    where = fresh(f"join{trial}")
    types = [["f4"], ["i2"], ["i4", "f8"], ["f4", "f8"], ["u1", "i2"], ["i8"]][trial]
    for i in range(5):
        x = np.sort(rng.choice(np.arange(10) * 2, size=7, replace=False)) if i != 2 else np.arange(8) * 2
        y = rng.permutation(["north", "south", "east"])[: 2 + i % 2]
        dtype = types[i % len(types)]
        save(f"{where}/f{i}.nc", rng.integers(0, 100, (2, len(y), len(x))).astype(dtype),
             time=np.arange(2) + 2 * i, y=np.asarray(y, dtype=object), x=x)
    arrays = opened(where)
    outer = xr.concat(arrays, "time", join="outer")
    if all(np.dtype(name).kind in "iu" for name in types):
        outer = outer.astype("f8")  # new releases of xarray give float32 for small integers
    check_same(f"outer join {types}", where, outer, "--concat", "time", "--join", "outer")
    inner = xr.concat(arrays, "time", join="inner")
    check_same(f"inner join {types}", where, inner, "--concat", "time", "--join", "inner")
    mean = xr.concat(arrays, "time", join="outer").astype("f8").mean("time")
    found = xylem.run("reduce", f"{where}/f*.nc", "-e", "m=mean(astype(t, \"float64\"), time)", "-o", f"{where}/m.nc", "--concat", "time",
                      "--join", "outer", ranks=2)
    if check_success(report, found, "mean over gaps"):
        with xr.open_dataset(f"{where}/m.nc") as data:
            report.check(np.allclose(data["m"], mean, equal_nan=True, rtol=1e-14), "the mean over gaps")
    check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--concat", "time", ranks=2), "exact join", 2, "f0.nc", "labels")

# Times that each file counts from a date of its own.
where = fresh("times")
for i, units in enumerate(["days since 2000-02-27", "hours since 2000-03-01 12:00", "days since 2000-01-01"]):
    time = np.datetime64("2000-02-27T00", "ns") + np.arange(3 * i, 3 * i + 3) * np.timedelta64(1, "D")
    data = xr.Dataset({"t": (("time", "x"), rng.normal(0, 1, (3, 4)))}, {"time": time})
    data.to_netcdf(f"{where}/f{i}.nc", engine="h5netcdf", encoding={"time": {"units": units}})
times = xr.concat(opened(where), "time")
check_same("times of files", where, times)
check_same("times of files, merged", where, times, "--concat", "time", "--method", "merge")
check_same("dates", where, times.sel(time=slice("2000-02-29", "2000-03-03")), expression='m=t[time="2000-02-29".."2000-03-03"]')
check_same("a month", where, times.sel(time="2000-02"), expression='m=t[time="2000-02".."2000-02"]')

# A new dim, labels from the names, an attribute, or none.
where = fresh("new")
for i, level in enumerate([30, 10, 20]):
    save(f"{where}/f_{level:03}.nc", rng.normal(size=(3, 4)).astype("f4"), y=np.arange(3), x=np.arange(4.0), level=level, run="abc"[i])
arrays = opened(where)
check_same("new dim", where, xr.concat(arrays, "level"), "--concat", "level")
check_same("names", where, xr.concat(arrays, "level").assign_coords(level=[10, 20, 30]), "--concat", "level", "--coords-from", r"name:f_(\d+)")
check_same("attribute", where, xr.concat(arrays, "level").assign_coords(level=[10, 20, 30]), "--concat", "level", "--coords-from", "attr:level")
check_same("text attribute", where, xr.concat(arrays, "run").assign_coords(run=["b", "c", "a"]), "--concat", "run", "--coords-from", "attr:run")
check_same("chosen by label", where, arrays[1], "--concat", "level", "--coords-from", r"name:f_(\d+)", expression="m=t[level=@20]")
for arguments, fragments in [
        (["--coords-from", "name:q(\\d+)"], ["q(\\d+)", "f_010"]),
        (["--coords-from", "name:("], ["regular expression"]),
        (["--coords-from", "attr:nothing"], ["nothing", "f_010.nc"]),
        (["--coords-from", "stars"], ["stars", "attr:NAME"]),
        (["--join", "left"], ["left", "exact, inner or outer"]),
        (["--method", "glue"], ["glue"]),
        (["--method", "merge"], ["labels"])]:
    check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--concat", "z", *arguments, ranks=2), str(arguments), 2, *fragments)
check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--join", "outer"), "join without concat", 2, "--concat")

# Merge: elements at their labels, in whatever order the files come; labels of two files are an error.
where = fresh("merge")
for i, times in enumerate([[6, 7], [0, 5, 2], [3]]):
    save(f"{where}/f{i}.nc", rng.normal(size=(len(times), 4)).astype("f4"), time=np.array(times), x=np.arange(4))
check_same("merge", where, xr.combine_nested([a.sortby("time") for a in opened(where)], "time").sortby("time"), "--concat", "time",
           "--method", "merge")
save(f"{where}/f3.nc", np.zeros((1, 4), "f4"), time=np.array([5]), x=np.arange(4))
check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--concat", "time", "--method", "merge", ranks=3), "overlap", 2,
            "f1.nc", "f3.nc", "label 5")

# Differences of types and units are named; dims and extents are errors.
where = fresh("different")
save(f"{where}/f0.nc", np.zeros((2, 3), "f4"), time=np.arange(2), x=np.arange(3))
save(f"{where}/f1.nc", np.ones((2, 3), "f8"), time=np.arange(2, 4), x=np.arange(3))
check_same("types", where, xr.concat(opened(where), "time"), "--concat", "time", notes=["float32", "float64", "f1.nc"])
xr.Dataset({"t": (("time", "x"), np.zeros((1, 4), "f4"))}).to_netcdf(f"{where}/f2.nc", engine="h5netcdf")
check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--concat", "time", ranks=2), "extent", 2, "'/t' of", "f0.nc", "f2.nc",
            " 3 ", " 4 ")
xr.Dataset({"t": (("time", "z"), np.zeros((1, 3), "f4"))}).to_netcdf(f"{where}/f2.nc", engine="h5netcdf")
check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--concat", "time", ranks=2), "dims", 2, "f0.nc", "f2.nc", "time: 1, z: 3")

# One file of many that cannot be read: the end, or left out; its region is missing where its extent is known.
where = fresh("corrupt")
for i in range(40):
    save(f"{where}/f{i:02}.nc", np.full((1, 3), i, "i4"), time=np.array([i]), x=np.arange(3))
good = opened(where)
with open(f"{where}/f17.nc", "r+b") as file:
    file.truncate(700)
for ranks in (1, 2, 3, 4):
    check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=mean(t)", "--concat", "time", ranks=ranks), "corrupt", 3, "f17.nc")
left = good[:17] + good[18:]
check_same("left out", where, xr.concat(left, "time"), "--concat", "time", "--on-error", "skip", notes=["left out", "f17.nc"])
filled = xr.concat(good, "member").astype("f8")
filled[17] = np.nan
plain = [g.isel(time=0, drop=True) for g in good]
for i, g in enumerate(plain):
    if i != 17:
        save(f"{where}/f{i:02}.nc", g.values, x=np.arange(3))
expected = xr.concat(plain, "member").astype("f8")
expected[17] = np.nan
check_same("missing region", where, expected, "--concat", "member", "--on-error", "skip", notes=["f17.nc"])
check_same("missing region by name", where, expected.assign_coords(member=np.arange(40)), "--concat", "member", "--on-error", "skip",
           "--coords-from", r"name:f(\d+)")
for i in range(40):
    if i != 17:
        with h5py.File(f"{where}/f{i:02}.nc", "r+") as file:
            file.attrs["run"] = 10 * i
check_same("left out by attribute", where, xr.concat(plain[:17] + plain[18:], "member").assign_coords(member=np.delete(np.arange(40), 17) * 10),
           "--concat", "member", "--on-error", "skip", "--coords-from", "attr:run", notes=["left out", "f17.nc"])
result = xylem.run("tree", f"{where}/f*.nc", "--on-error", "skip", ranks=2)
report.check(result.code == 0 and b"f17.nc" not in result.out and result.out.count(b".nc") == 39, f"tree: {result.everything}")
check_error(report, xylem.run("tree", f"{where}/f17.nc", "--on-error", "skip", ranks=2), "nothing left", 3, "none of 1 file")
check_error(report, xylem.run("tree", f"{where}/f*.nc", "--on-error", "guess"), "on-error", 2, "guess")

# Data that cannot be read, of files that can: their places are missing.
where = fresh("damaged")
arrays = []
for i in range(6):
    arrays.append(xr.Dataset({"t": (("time", "x"), rng.normal(size=(4, 6)))}, {"time": np.arange(4) + 4 * i, "x": np.arange(6)}))
    arrays[-1].to_netcdf(f"{where}/f{i}.nc", engine="h5netcdf", encoding={"t": {"chunksizes": (2, 3), "zlib": True}})
for i in (1, 4):
    with h5py.File(f"{where}/f{i}.nc") as file:
        chunk = file["t"].id.get_chunk_info(1)
    with open(f"{where}/f{i}.nc", "r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    arrays[i]["t"][:] = np.nan
expected = xr.concat(arrays, "time")["t"]
check_same("damaged data", where, expected, "--on-error", "skip", notes=["left out", "f1.nc", "f4.nc"])
for ranks in (1, 2, 3, 4):
    result = xylem.run("reduce", f"{where}/f*.nc", "-e", "m=mean(t, time)", "-o", f"{where}/m.nc", "--overwrite", "--on-error", "skip", "--report",
                       f"{where}/r.json", "--threads", 1 + ranks % 2, "--schedule", "dynamic", ranks=ranks)
    if check_success(report, result, f"mean without damaged data on {ranks}"):
        with xr.open_dataset(f"{where}/m.nc") as data:
            report.check(np.allclose(data["m"], expected.mean("time"), rtol=1e-12), f"mean without damaged data on {ranks}")
            report.check(data.attrs["xylem_skipped"].split() == [f"{where}/f1.nc", f"{where}/f4.nc"], f"{data.attrs}")
        with open(f"{where}/r.json", encoding="utf-8") as file:
            report.check([skipped["path"] for skipped in json.load(file)["skipped"]] == [f"{where}/f1.nc", f"{where}/f4.nc"], "skipped in the report")
    result = xylem.run("stats", f"{where}/f*.nc", "-v", "t", "--json", "--on-error", "skip", ranks=ranks)
    if check_success(report, result, f"stats without damaged data on {ranks}"):
        rows = json.loads(result.out)
        report.check([pathlib.Path(row["file"]).name for row in rows] == ["f0.nc", "f2.nc", "f3.nc", "f5.nc"], f"{rows}")
    for command in (["stats"], ["reduce", "-e", "m=t"]):
        check_error(report, xylem.run(command[0], f"{where}/f1.nc", *command[1:], "--on-error", "skip", ranks=ranks), "nothing left", 3, "f1.nc", "(0, 1)")
        check_error(report, xylem.run(command[0], f"{where}/f*.nc", *command[1:], ranks=ranks), "no skip", 3, "(0, 1)")
# What was appended lacks one file, and what was there another.
first, second = f"{where}/f1.nc", f"{where}/f4.nc"
for number, files in ((0, ["f0.nc", "f1.nc"]), (1, ["f4.nc", "f5.nc"])):
    check_success(report, xylem.run("reduce", *[f"{where}/{name}" for name in files], "-e", f"r{number}=mean(t)", "-o", f"{where}/both.nc", "--on-error", "skip",
                                    *(["--append"] if number else []), ranks=2), "appended")
with h5py.File(f"{where}/both.nc") as file:
    report.check(file.attrs["xylem_skipped"].decode().split() == [first, second], f"{file.attrs['xylem_skipped']}")

# Labels that cannot be read: the file is left out.
for kind, size in (("number", 4), ("number", 20_000), ("string", 4)):
    where = fresh("unlabelled")
    parts = []
    for i in range(4):
        labels = np.arange(size) + size * i
        if kind == "string":
            labels = np.array([f"label {n}" for n in labels], dtype="S12")
        parts.append(rng.normal(size=(size, 3)))
        with h5py.File(f"{where}/f{i}.h5", "w") as file:
            scale = file.create_dataset("time", data=labels, chunks=(size,), compression="gzip")
            scale.make_scale("time")
            file["t"] = parts[i]
            file["t"].dims[0].attach_scale(scale)
            chunk = scale.id.get_chunk_info(0)
        if i == 2:
            with open(f"{where}/f{i}.h5", "r+b") as file:
                file.seek(chunk.byte_offset)
                file.write(b"\xff" * chunk.size)
    del parts[2]
    for ranks in (1, 2, 3):
        what = f"{kind} labels of {size} on {ranks}"
        arguments = [f"{where}/f*.h5", "-e", "m=t * 1", "--concat", "time"]
        result = xylem.run("reduce", *arguments, "-o", f"{where}/m.nc", "--overwrite", "--on-error", "skip", ranks=ranks)
        if check_success(report, result, what):
            with h5py.File(f"{where}/m.nc") as file:
                report.check(np.array_equal(file["m"], np.concatenate(parts)) and len(file["time"]) == 3 * size, what)
                report.check("f2.h5" in str(file.attrs["xylem_skipped"]), what)
        check_success(report, xylem.run("plan", *arguments, "--on-error", "skip", ranks=ranks), f"plan, {what}")
        check_error(report, xylem.run("reduce", *arguments, ranks=ranks), what, 3, "f2.h5", "'/time'")
        check_error(report, xylem.run("reduce", f"{where}/f2.h5", "-e", "m=t", "--on-error", "skip", ranks=ranks), what, 3, "none of 1 file")
        before = pathlib.Path(f"{where}/f2.h5").read_bytes()
        check_error(report, xylem.run("reduce", *arguments, "-o", f"{where}/f2.h5", "--overwrite", "--on-error", "skip", ranks=ranks), what, 2, "f2.h5", "another name")
        report.check(pathlib.Path(f"{where}/f2.h5").read_bytes() == before, f"{what}: a file that was left out is written over")

# The one that is left of several has its place along a new dim; a variable that only some files have, no more places than those.
where = fresh("left")
for i in range(5):
    save(f"{where}/f{i}.nc", np.full((2, 3), float(i)), y=np.arange(2), x=np.arange(3))
    if i in (1, 3):
        with h5py.File(f"{where}/f{i}.nc", "r+") as file:
            file["u"] = np.full(4, 10.0 + i)
with open(f"{where}/f4.nc", "r+b") as file:
    file.truncate(300)
check_error(report, xylem.run("reduce", f"{where}/f*.nc", "-e", "m=t", "--concat", "n", "-o", f"{where}/f4.nc", "--overwrite", "--on-error", "skip", ranks=2), "truncated",
            2, "f4.nc", "another name")
for ranks in (1, 2, 3):
    result = xylem.run("reduce", f"{where}/f3.nc", f"{where}/f4.nc", "-e", "m=mean(t, y)", "--concat", "n", "-o", f"{where}/m.nc", "--overwrite", "--on-error", "skip",
                       ranks=ranks)
    if check_success(report, result, f"one left on {ranks}"):
        with h5py.File(f"{where}/m.nc") as file:
            report.check(np.array_equal(file["m"], [[3.0] * 3, [np.nan] * 3], equal_nan=True), f"one left on {ranks}: {file['m'][...]}")
    result = xylem.run("reduce", f"{where}/f*.nc", "-e", "m=mean(u, dim_0)", "--concat", "n", "-o", f"{where}/m.nc", "--overwrite", "--on-error", "skip", ranks=ranks)
    if check_success(report, result, f"in some files on {ranks}"):
        with h5py.File(f"{where}/m.nc") as file:
            report.check(np.array_equal(file["m"], [11.0, 13.0, np.nan], equal_nan=True), f"in some files on {ranks}: {file['m'][...]}")

# A dataset that has lost its dim is no constant, though others have the dim.
where = fresh("lost")
for i in range(3):
    with h5py.File(f"{where}/f{i}.h5", "w") as file:
        file["time"] = np.arange(4) + 4 * i
        file["time"].make_scale("time")
        file["t"] = np.full((4, 2), float(i))
        if i != 0:
            file["t"].dims[0].attach_scale(file["time"])
check_error(report, xylem.run("reduce", f"{where}/f*.h5", "-e", "m=sum(t)", "--concat", "time", ranks=2), "a lost dim", 2, "f0.h5", "dim_0", "same dims")

# Labels of what is not asked for do no harm: `t` is no word of `temperature`.
where = fresh("unasked")
for i in range(3):
    with h5py.File(f"{where}/f{i}.h5", "w") as file:
        for name, dim, labels in (("temperature", "time", np.arange(2) + 2 * i), ("t", "depth", np.arange(5))):
            file.create_dataset(dim, data=labels, chunks=labels.shape, compression="gzip").make_scale(dim)
            file[name] = np.full(labels.shape, float(i))
            file[name].dims[0].attach_scale(file[dim])
        chunk = file["depth"].id.get_chunk_info(0)
    if i == 1:
        with open(f"{where}/f{i}.h5", "r+b") as file:
            file.seek(chunk.byte_offset)
            file.write(b"\xff" * chunk.size)
result = xylem.run("reduce", f"{where}/f*.h5", "-e", "m=mean(temperature)", "--on-error", "skip", ranks=2)
report.check(result.code == 0 and b"m = 1" in result.out and "left out" not in str(result.err), f"unasked: {result.everything}")

# Nor do coordinates of two dims, which nobody reads. And a huge sparse dataset is looked through in no time.
where = fresh("auxiliary")
for i in range(3):
    data = xr.Dataset({"t": (("time", "x"), np.full((4, 6), 1.0 + i))}, {"time": np.arange(4) + 4 * i, "lat": (("time", "x"), rng.normal(size=(4, 6)))})
    data.to_netcdf(f"{where}/f{i}.nc", engine="h5netcdf", encoding={name: {"chunksizes": (2, 3), "zlib": True} for name in ("t", "lat")})
for i, name in ((0, "lat"), (1, "t")):
    with h5py.File(f"{where}/f{i}.nc") as file:
        chunk = file[name].id.get_chunk_info(0)
    with open(f"{where}/f{i}.nc", "r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
with h5py.File(f"{where}/sparse.h5", "w") as file:
    file.create_dataset("s", (10**6, 10**6), "f4", chunks=(10, 10))[5, 5] = 2
for ranks in (1, 3):
    result = xylem.run("reduce", f"{where}/f*.nc", f"{where}/sparse.h5", "-e", "m=sum(t)", "-e", "s=max(s)", "--concat", "time", "--on-error", "skip", ranks=ranks,
                       time_limit=20)
    report.check(result.code == 0 and b"m = 96" in result.out and b"s = 2" in result.out, f"auxiliary on {ranks}: {result.everything}")

report.finish()
