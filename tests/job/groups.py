"""groups.py PROGRAM MPIEXEC SCRATCH: groups that dantro calls labelled and of time series, combined in jobs, against xarray; damaged data
among many files, left out where the job says so."""
import itertools
import json
import os
import shutil
import sys

import h5py
import numpy as np
import xarray as xr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
from harness import Report, Xylem, check_error, check_success

STRINGS = h5py.string_dtype()
X = [0, 10, 20, 30]


def put(group, name, data, dims, attributes):
    dataset = group.create_dataset(name, data=data, chunks=data.shape, compression="gzip")
    dataset.attrs["dims"] = np.array(dims, dtype=STRINGS)
    for key, value in attributes.items():
        dataset.attrs[key] = value


def make_groups(path):
    """What xarray makes of each group, by name."""
    rng = np.random.default_rng(3)
    expected = {}
    with h5py.File(path, "w") as file:
        def grid(name, a_values, b_values, made, attributes, missing=()):
            group = file.create_group(name)
            whole = np.full((len(a_values), len(b_values), 4), np.nan)
            for i, (a, b) in enumerate(itertools.product(a_values, b_values)):
                if (a, b) in missing:
                    continue
                values = made()
                put(group, f"{a};{b}" if not attributes else f"m{i}", values, ["x"], {"coords__x": X} | ({"ext_coords__a": a, "ext_coords__b": b} if attributes else {}))
                whole[a_values.index(a), b_values.index(b)] = values
            expected[name] = xr.DataArray(whole, {"a": list(a_values), "b": list(b_values), "x": X}, ("a", "b", "x")).sortby(["a", "b"])

        grid("names", [3, 1, 2], [1.5, 0.5], lambda: rng.normal(size=4), False)
        grid("attrs", [5, 7], [0.25, 0.75, 1.25], lambda: rng.normal(size=4), True)
        grid("whole", [1, 2], ["v", "u"], lambda: rng.integers(0, 99, 4), False)
        grid("gaps", [1, 2], ["v", "u"], lambda: rng.integers(0, 99, 4), False, [(2, "u")])
        # The dim time is the members' and the group's, in pieces of two.
        overlapping = file.create_group("overlapping")
        whole = rng.normal(size=(2, 4, 4))
        for a, part in itertools.product(range(2), range(2)):
            time = [2 * part, 2 * part + 1]
            put(overlapping, f"m{a}{part}", whole[a, time], ["time", "x"],
                {"coords__x": X, "coords__time": time, "ext_coords__a": a, "ext_coords__time": time, "ext_coords_mode__time": "values"})
        expected["overlapping"] = xr.DataArray(whole, {"a": [0, 1], "time": range(4), "x": X}, ("a", "time", "x"))
    return expected


def job_of(combine, expression="c", load="{g: {loader: hdf5_proxy, glob_str: groups.h5, target_path: g}}"):
    return (f"version: 1\nload: {load}\ncombine: {{c: {combine}}}\ntransform: [{{expression: '{expression}', tag: r}}]\n"
            "store: [{file: out.nc, exists_action: overwrite}]\nreport: {json: report.json}\n")


def run(xylem, text, ranks):
    with open("job.yml", "w", encoding="utf-8") as file:
        file.write(text)
    return xylem.run("run", "job.yml", ranks=ranks)


def check_result(xylem, report, text, wanted, dtype=None):
    for ranks in (1, 3):
        if not check_success(report, run(xylem, text, ranks), text):
            continue
        found = xr.load_dataset("out.nc")["r"]
        report.check(found.dims == wanted.dims and (dtype is None or found.dtype == dtype), f"{text}: {found.dims} {found.dtype}")
        report.check(found.shape == wanted.shape and np.array_equal(found.values.astype("f8"), wanted.values.astype("f8"), equal_nan=True),
                     f"{text} on {ranks} ranks: {found}, not {wanted}")
        for dim in wanted.dims:
            report.check(found[dim].values.tolist() == wanted[dim].values.tolist(), f"{text}: labels of {dim}: {found[dim].values}")


def check_labelled(xylem, report):
    expected = make_groups("groups.h5")
    for name, combine, dtype in [
            ("names", "{group: g/names, dim: [a, b]}", "f8"), ("names", "{group: g/names, dim: [a, b], method: merge}", "f8"),
            ("names", "{group: g/names, dim: [a, b], coords_from: \"name:([^;]*);(.*)\"}", "f8"),
            ("attrs", "{group: g/attrs, dim: [a, b], coords_from: attrs}", "f8"),
            ("whole", "{group: g/whole, dim: [a, b], method: auto}", "i8"), ("gaps", "{group: g/gaps, dim: [a, b], method: merge}", "f8"),
            ("overlapping", "{group: g/overlapping, dim: [a, time], coords_from: attrs, method: try_concat}", "f8")]:
        check_result(xylem, report, job_of(combine), expected[name], dtype)
    # Indexers of the group and of the members alike; sel with its end, isel without.
    names = "{group: g/names, dim: [a, b]}"
    check_result(xylem, report, job_of(names, "c[a=1..2, b=0.5..0.5, x=10..20]"), expected["names"].sel(a=slice(1, 2), b=slice(0.5, 0.5), x=slice(10, 20)))
    check_result(xylem, report, job_of(names, "c[a=0:2, x=0:3:2]"), expected["names"].isel(a=slice(0, 2), x=slice(0, 3, 2)))
    for combine, fragment in [
            ("{group: g/gaps, dim: [a, b]}", "1 of 4 places have no member (the first is a = 2, b = \"u\"): merge takes them as missing"),
            ("{group: g/names, dim: [a, b, z]}", "has 2 labels for 3 dims"), ("{group: g/names, dim: [a, a]}", "a dim stands twice"),
            ("{group: g/names, dim: [a, b], coords_from: attrs}", "has no attribute 'ext_coords__a'"),
            ("{group: g/names, dim: [a, b], coords_from: data}", "has no labels along 'a'"),
            ("{group: g/names, dim: [a, b], coords_from: \"attr:a\"}", "take attrs"),
            ("{group: g/names, dim: [a, b], coords_from: \"name:(\"}", "is no regular expression")]:
        for ranks in (1, 3):
            result = run(xylem, job_of(combine), ranks)
            check_error(report, result, combine, result.code if result.code in (2, 3) else 2, "job.yml:3:11:", fragment)


def check_time_series(xylem, report):
    """The types of groups say what their dim is, and where its labels come from."""
    rng = np.random.default_rng(5)
    os.mkdir("series")
    arrays = []
    for number, (time, x) in enumerate([([0, 1], [1, 2]), ([2], [1, 2, 3]), ([3, 4, 5], [2, 3])]):
        arrays.append(xr.DataArray(rng.normal(size=(len(time), len(x))), {"time": time, "x": x}, ("time", "x")))
        with h5py.File(f"series/{number * 5}.h5", "w") as file:
            put(file, "v", arrays[-1].values, ["time", "x"], {"coords__time": time, "coords__x": x})
            put(file, "w", np.array([number * 1.0, 2.0]), ["x"], {"coords__x": [1, 2]})
    for kind in ("TimeSeriesGroup", "HeterogeneousTimeSeriesGroup"):
        load = f"{{create_groups: [{{path: s, Cls: {kind}}}], load_cfg: {{s: {{loader: hdf5_proxy, glob_str: \"series/*.h5\"}}}}}}"
        if kind == "TimeSeriesGroup":
            wanted = xr.DataArray([[0.0, 2], [1, 2], [2, 2]], {"time": [0, 5, 10], "x": [1, 2]}, ("time", "x"))
            check_result(xylem, report, job_of("{group: s, field: w}", load=load), wanted)
            check_result(xylem, report, job_of("{group: s, field: w}", "c[time=5..10, x=0:1]", load), wanted.sel(time=slice(5, 10)).isel(x=slice(0, 1)))
        else:
            wanted = xr.concat(arrays, "time", join="outer")
            check_result(xylem, report, job_of("{group: s, field: v, method: merge, join: outer}", load=load), wanted)
    plain = job_of("{group: s, field: w}", load=load.replace(f", Cls: {kind}", "").replace("{path: s}", "{path: s}, {path: t, Cls: TimeSeriesGroup}"))
    check_error(report, run(xylem, plain, 2), "a group of no type", 2, "is no time series group, whose dim is known")


def check_damaged(xylem, report):
    """Files whose metadata are whole and whose data are not, among others: named, and the end; left out where the job says so."""
    count, bad = 60, (17, 41)
    os.mkdir("days")
    os.remove("out.nc")
    for day in range(count):
        with h5py.File(f"days/day{day:03d}.h5", "w") as file:
            put(file, "t", np.arange(6).reshape(3, 2) + 100 * day, ["time", "x"], {"coords__time": np.arange(3) + 3 * day, "coords__x": [0, 1]})
            place = file["t"].id.get_chunk_info(0)
        if day in bad:
            with open(f"days/day{day:03d}.h5", "r+b") as raw:
                raw.seek(place.byte_offset)
                raw.write(bytes(place.size))
    load = '{days: {loader: hdf5_proxy, glob_str: "days/*.h5", path_regex: "day(\\\\d+)", target_path: "days/{match:}" ACTION}}'
    tolerant, strict = load.replace("ACTION", ", on_error: skip"), load.replace(" ACTION", "")
    along = '{group: days, field: t, dim: time, coords_from: data}'
    for ranks in (1, 3):
        check_error(report, run(xylem, job_of(along, load=strict), ranks), "damaged data", 3, "day0", "chunk (0, 0)")
        report.check(not os.path.exists("out.nc"), "a failed run left its output")
    whole = xr.DataArray(np.concatenate([np.arange(6.0).reshape(3, 2) + 100 * day for day in range(count)]), {"time": range(3 * count), "x": [0, 1]}, ("time", "x"))
    for day in bad:
        whole[3 * day:3 * day + 3] = np.nan
    check_result(xylem, report, job_of(along, load=tolerant), whole, "f8")
    with open("report.json", encoding="utf-8") as file:
        told = json.load(file)
    paths = [os.path.basename(one["path"]) for one in told["skipped"]]
    report.check(paths == [f"day{day:03d}.h5" for day in bad] and told["result"] == "success", f"skipped: {told['skipped']}")
    report.check(xr.load_dataset("out.nc").attrs["xylem_skipped"].split("\n") == [one["path"] for one in told["skipped"]], "xylem_skipped")
    check_result(xylem, report, job_of(along, "mean(c, x)", tolerant), whole.mean("x"))
    by_day = xr.DataArray(whole.values.reshape(count, 3, 2), {"day": range(count), "x": [0, 1]}, ("day", "time", "x"))
    for day in (0, 59):  # labels of time differ from day to day: by position
        with h5py.File(f"days/day{day:03d}.h5", "r+") as file:
            report.check("coords__time" in file["t"].attrs, "labels")
    check_result(xylem, report, job_of('{group: days, field: t, dim: day, join: outer}', "count(c, time, x)", tolerant),
                 by_day.notnull().sum(["time", "x"]))
    # Asked for by itself it is an error, which may be allowed for.
    alone = job_of(along, "mean(`days/017/t`)", tolerant)
    check_error(report, run(xylem, alone, 2), "a damaged file by itself", 3, "job.yml:4:", "was left out")
    result = run(xylem, alone.replace("tag: r}", "tag: r, allow_failure: true, fallback: 5}"), 3)
    if check_success(report, result, "a damaged file that may fail"):
        report.check(xr.load_dataset("out.nc")["r"] == 5, "a fallback for what was left out")


def main(program, mpiexec, scratch):
    xylem, report = Xylem(program, mpiexec), Report()
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    check_labelled(xylem, report)
    check_time_series(xylem, report)
    check_damaged(xylem, report)
    report.finish()


main(*sys.argv[1:])
