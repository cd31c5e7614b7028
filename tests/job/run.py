"""run.py PROGRAM MPIEXEC SCRATCH SOURCE: `xylem run` on generated data, against xarray; the jobs of jobs/; mistakes of every kind."""
import json
import os
import re
import shutil
import sys

import h5py
import netCDF4
import numpy as np
import xarray as xr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
from harness import Report, Xylem, check_error, check_success

DAYS = 5


def make_data(folder):
    """A simulation's days, a file each, and its parameters."""
    os.makedirs(f"{folder}/out")
    rng = np.random.default_rng(7)
    for day in range(DAYS):
        with h5py.File(f"{folder}/out/day{day:03d}.h5", "w") as file:
            lat, lon = np.linspace(-80, 80, 9), np.arange(8) * 45.0
            for name, dtype in [("temperature", "f4"), ("pressure", "f8")]:
                values = rng.normal(280, 15, (6, 9, 8)).astype(dtype)
                values[rng.random(values.shape) < 0.05] = np.nan
                data = file.create_dataset(f"atm/{name}", data=values, chunks=(2, 5, 8), compression="gzip", shuffle=True)
                data.attrs["dims"] = ["time", "lat", "lon"]
                data.attrs["coords__time"] = np.arange(6) + 6 * day
                data.attrs["coords__lat"], data.attrs["coords__lon"] = lat, lon
                data.attrs["units"] = "K" if name == "temperature" else "Pa"
        with open(f"{folder}/out/day{day:03d}_params.yml", "w", encoding="utf-8") as file:
            file.write(f"day: {day}\nseed: {day * 17}\n")


def array_of(folder, day, name="temperature"):
    with h5py.File(f"{folder}/out/day{day:03d}.h5") as file:
        data = file[f"atm/{name}"]
        coords = {dim: data.attrs[f"coords__{dim}"] for dim in ("time", "lat", "lon")}
        return xr.DataArray(data[...].astype("f8"), dims=("time", "lat", "lon"), coords=coords)


HEAD = """version: 1
data_dir: {data}
out_dir: {out}
load:
  sim: {{loader: hdf5_proxy, glob_str: out/day*.h5, required: true, path_regex: 'day(\\d+).h5', target_path: 'sim/{{match:}}'}}
"""
ANALYSIS = """select:
  t: {path: sim/001/atm/temperature, sel: {lat: !slice [-45, 45]}}
  p: sim/001/atm/pressure
define:
  zero: 273.15
transform:
  - where: [!dag_tag t, ">", 262.0]
    tag: _valid
  - .mean: {dim: time}
    args: [!dag_tag _valid]
    tag: clim
  - expression: "std(_valid - clim, time, ddof=1)"
    tag: anom_std
  - sub: [!dag_tag t, !dag_tag zero]
  - {.isel: {time: !slice [0, null, 2]}, args: [!dag_prev ], tag: celsius}
  - {.quantile: {q: 0.9, dim: [lat, lon]}, args: [!dag_tag p], tag: p90}
  - {operation: mean, args: [!dag_tag p], kwargs: {dim: [time, lat, lon]}, tag: p_mean}
store:
  - {tags: [clim, anom_std, celsius], file: stats.nc, chunks: auto, compression: {gzip: 4}}
  - {tags: [p90], file: sub/folder/p90.nc}
report: {json: report.json}
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def values_of(path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        return {name: (variable.dimensions, np.asarray(variable[...])) for name, variable in file.variables.items()}


def check_analysis(xylem, report, folder):
    data = f"{folder}/runs"
    t = array_of(data, 1).sel(lat=slice(-45, 45))
    valid = t.where(t > 262.0)
    clim = valid.mean("time")
    expected = {"clim": clim, "anom_std": (valid - clim).std("time", ddof=1),
                "celsius": (t.astype("f4") - 273.15).isel(time=slice(0, None, 2)),
                "p90": array_of(data, 1, "pressure").quantile(0.9, ["lat", "lon"])}
    first = None
    for ranks, settings in [(1, []), (2, []), (3, ["resources.schedule=dynamic"]), (4, ["resources.threads=2"])]:
        out = f"{folder}/analysis{ranks}"
        job = write(f"{folder}/analysis.yml", HEAD.format(data=data, out=out) + ANALYSIS)
        options = [part for setting in settings for part in ("--set", setting)]
        result = xylem.run("run", job, *options, ranks=ranks)
        if not check_success(report, result, f"analysis on {ranks} ranks"):
            continue
        report.check(re.search(rb"^p_mean = \d+", result.out, re.M), f"p_mean is printed, and is not: {result.out!r}")
        found = {**values_of(f"{out}/stats.nc"), **values_of(f"{out}/sub/folder/p90.nc")}
        for name, value in expected.items():
            dims, got = found[name]
            report.check(dims == value.dims, f"{name}: dims {dims}, not {value.dims}")
            report.check(np.allclose(got, value.values, rtol=1e-6 if name == "celsius" else 1e-12, equal_nan=True),
                         f"{name} differs on {ranks} ranks")
        first = first or found
        for name, (_, got) in found.items():
            report.check(got.tobytes() == first[name][1].tobytes(), f"{name} has other bytes on {ranks} ranks")
        with open(f"{out}/report.json", encoding="utf-8") as file:
            told = json.load(file)
        report.check(told["exit_code"] == 0 and len(told["inputs"]) == DAYS, f"report: {told}")
    with netCDF4.Dataset(f"{folder}/analysis2/stats.nc") as file:
        report.check("anom_std" in file.xylem_job and file["clim"].units == "K", "provenance and units")
        report.check(file["clim"].filters()["zlib"], "compressed as asked")
    # What is there already stays.
    before = open(f"{folder}/analysis4/stats.nc", "rb").read()
    check_error(report, xylem.run("run", job, ranks=2), "an output that exists", 2, "stats.nc' exists already", "exists_action")
    report.check(open(f"{folder}/analysis4/stats.nc", "rb").read() == before, "an older output was changed")
    again = xylem.run("run", job, "--set", "store.0.exists_action=overwrite", "--set", "store.1.exists_action=overwrite", ranks=2)
    check_success(report, again, "overwriting")
    # The plan alone.
    dry = xylem.run("run", job, "--dry-run", "--ranks", 16, "--set", "out_dir=" + f"{folder}/dry")
    if check_success(report, dry, "a dry run"):
        report.check(b"on 16 ranks" in dry.out and not os.path.exists(f"{folder}/dry"), f"a dry run: {dry.out!r}")


def check_failures(xylem, report, folder):
    job = HEAD.format(data=f"{folder}/runs", out=f"{folder}/failures") + """transform:
  - {expression: "mean(`sim/001/atm/nothing`)", tag: a, allow_failure: true, fallback: 7}
  - {expression: "a + 1", tag: b}
  - {expression: "mean(`sim/009/atm/temperature`)", tag: c, allow_failure: warn}
  - {expression: "c * 2", tag: d, allow_failure: silent, fallback: !dag_tag b}
  - {expression: "mean(`sim/001/atm/temperature`, nodim)", tag: e, allow_failure: log, fallback: [!dag_tag a]}
"""
    for ranks in (1, 3):
        result = xylem.run("run", write(f"{folder}/failures.yml", job), ranks=ranks)
        if check_success(report, result, "allowed failures"):
            report.check(result.out == b"a = 7\nb = 8\nd = 8\ne = 7\n", f"fallbacks: {result.out!r}")
            report.check(result.err.count("failed") == 3, f"warnings: {result.err!r}")
    check_error(report, xylem.run("run", write(f"{folder}/failures.yml", job.replace(", allow_failure: silent, fallback: !dag_tag b", "")), ranks=2),
                "a result that hangs on a failed one", 2, "failures.yml:10:18:", "'c' failed, and has no fallback")
    # Data that cannot be read: the whole is done once more.
    damaged = f"{folder}/damaged"
    shutil.copytree(f"{folder}/runs", damaged)
    path = f"{damaged}/out/day001.h5"
    with h5py.File(path) as file:
        info = file["atm/temperature"].id.get_chunk_info(3)
    with open(path, "r+b") as file:
        file.seek(info.byte_offset + 5)
        file.write(bytes(40))
    text = HEAD.format(data=damaged, out=f"{folder}/damaged_out") + """transform:
  - {expression: "mean(`sim/001/atm/temperature`)", tag: bad, ALLOW}
  - {expression: "count(`sim/000/atm/temperature`) > 0", tag: good}
store: [{file: all.nc}]
"""
    failing = xylem.run("run", write(f"{folder}/damaged.yml", text.replace("ALLOW", "allow_failure: false")), ranks=2)
    check_error(report, failing, "a damaged chunk", 3, "day001.h5", "chunk")
    report.check(not os.path.exists(f"{folder}/damaged_out/all.nc"), "a failed run left its output")
    result = xylem.run("run", write(f"{folder}/damaged.yml", text.replace("ALLOW", "allow_failure: true, fallback: -1")), ranks=3)
    if check_success(report, result, "a damaged chunk that may fail"):
        found = values_of(f"{folder}/damaged_out/all.nc")
        report.check(found["bad"][1] == -1 and found["good"][1] == 1, f"fallback of damaged data: {found}")


def check_skipped(xylem, report, folder):
    """One corrupt file among many: named, an error by default; left out and listed where the job says so."""
    data = f"{folder}/corrupt"
    shutil.copytree(f"{folder}/runs", data)
    with open(f"{data}/out/day002.h5", "r+b") as file:
        file.truncate(300)
    text = HEAD.format(data=data, out=f"{folder}/corrupt_out") + """combine: {c: {group: sim, field: atm/temperature, dim: day}}
transform: [{expression: "mean(c, lat, lon)", tag: m}]
store: [{file: all.nc, exists_action: overwrite}]
report: {json: report.json}
"""
    text = text.replace("atm/temperature, dim: day", "atm/temperature, dim: day, join: outer")
    job = write(f"{folder}/corrupt.yml", text)
    first = None
    check_error(report, xylem.run("run", job, ranks=3), "a corrupt file", 3, "day002.h5")
    with open(f"{folder}/corrupt_out/report.json", encoding="utf-8") as file:
        report.check(json.load(file)["error"]["kind"] == "data", "the report of a failed run")
    for ranks in (1, 3):
        result = xylem.run("run", job, "--set", "load.sim.on_error=skip", ranks=ranks)
        if not check_success(report, result, "a corrupt file that is left out"):
            continue
        with open(f"{folder}/corrupt_out/report.json", encoding="utf-8") as file:
            told = json.load(file)
        report.check([os.path.basename(one["path"]) for one in told["skipped"]] == ["day002.h5"], f"skipped: {told['skipped']}")
        with netCDF4.Dataset(f"{folder}/corrupt_out/all.nc") as file:
            report.check(file.xylem_skipped.endswith("out/day002.h5"), f"xylem_skipped: {file.xylem_skipped}")
        found = values_of(f"{folder}/corrupt_out/all.nc")
        report.check(found["day"][1].tolist() == list(range(DAYS)) and np.isnan(found["m"][1][2]).all()
                     and not np.isnan(np.delete(found["m"][1], 2, 0)).all(axis=1).any(), f"its place is missing: {found['day']}, {found['m']}")
        first = first or found
        report.check(found["m"][1].tobytes() == first["m"][1].tobytes(), "other bytes on 3 ranks")


# As paramspace 2.6 writes a space with two dims, the second of which comes first; its states are numbered row-major, with the defaults in
# front: of b 0.5, 0.0, 1.0, of a 0, 1, 2, 3.
PARAMETER_SPACE = """!pspace
a: !sweep {as_type: null, default: 0, order: 0, values: [1, 2, 3]}
c: 1
sub:
  b: !pdim {default: 0.5, linspace: [0.0, 1.0, 2], order: -1}
"""


def check_sweep(xylem, report, folder):
    os.makedirs(f"{folder}/sweep/data")
    write(f"{folder}/sweep/space.yml", PARAMETER_SPACE)
    for number in range(12):
        with h5py.File(f"{folder}/sweep/data/uni{number:03d}.h5", "w") as file:
            file["x"] = np.arange(4.0) + 100 * number
            file["x"].attrs["dims"] = ["t"]
    text = f"""version: 1
data_dir: {folder}/sweep
load:
  multiverse: {{loader: hdf5_proxy, glob_str: data/uni*.h5, path_regex: 'uni(\\d+).h5', target_path: 'multiverse/{{match:}}'}}
  pspace: {{loader: yaml, glob_str: space.yml, load_as_attr: true, target_path: multiverse}}
combine:
  all: {{group: multiverse, field: x, pspace: attrs}}
  some: {{group: multiverse, field: x, pspace: attrs, subspace: {{a: {{idx: [3, 1]}}, b: 1.0}}}}
  named: {{group: multiverse, field: x, pspace: {{b: [0.0, 1.0], a: [1, 2, 3]}}, subspace: {{a: {{loc: [3.0000001, 1]}}}}, method: merge}}
  both: {{group: multiverse, fields: {{first: x, second: {{path: x, dtype: float32}}}}, pspace: attrs}}
  slices: {{group: multiverse, field: x, pspace: attrs, subspace: {{a: {{idx: !slice [1, null]}}, b: !slice [0.5]}}}}
transform: [{{expression: 'all[t=1]', tag: whole}}, {{expression: 'mean(some, t)', tag: part}}, {{expression: 'named[t=0]', tag: other}}, {{expression: 'slices[t=3]', tag: sliced}},
  {{expression: '`both/second` - `both/first`', tag: fields}}, {{expression: '`both/second`[t=0]', tag: second}}]
store: [{{file: OUT.nc}}]
"""
    for ranks in (1, 3):
        out = f"{folder}/sweep{ranks}.nc"
        result = xylem.run("run", write(f"{folder}/sweep.yml", text), "--set", f"store.0.file={out}", "--set", "compute_only=[whole]", ranks=ranks)
        if not check_success(report, result, "a parameter sweep"):
            continue
        with xr.open_dataset(out) as found:
            report.check(found["whole"].dims == ("b", "a") and found["whole"].values.tolist() == [[501, 601, 701], [901, 1001, 1101]],
                         f"a sweep: {found['whole']}")
            report.check(found["b"].values.tolist() == [0, 1] and found["a"].values.tolist() == [1, 2, 3], "parameters of a sweep")
    # Their dims differ from those of the whole: files of their own.
    for tag, values in (("part", [[901.5, 1101.5]]), ("other", [[500, 700], [900, 1100]]), ("sliced", [[603, 703]])):
        out = f"{folder}/{tag}.nc"
        job = write(f"{folder}/sweep.yml", text)
        if check_success(report, xylem.run("run", job, "--set", f"compute_only=[{tag}]", "--set", f"store.0.file={out}", ranks=2), tag):
            with xr.open_dataset(out) as found:
                report.check(found[tag].values.tolist() == values, f"{tag}: {found[tag]}")
    if check_success(report, xylem.run("run", job, "--set", "compute_only=[fields, second]", "--set", f"store.0.file={folder}/fields.nc", ranks=2), "fields"):
        with xr.open_dataset(f"{folder}/fields.nc") as found:
            report.check(not found["fields"].values.any() and found["second"].dtype == np.float32, f"fields: {found}")
    for wrong, problem in (("idx: [0]", "the positions 1 to 3, not 0"), ("idx: [4]", "the positions 1 to 3, not 4"), ("loc: [1, 1]", "chosen twice"),
                           ("loc: 7", "has no value 7"), ("idx: 1.5", "idx is a position"), ("lok: 1", "no key 'lok'"), ("loc: !slice [9, null]", "no value of the parameter 'a'")):
        check_error(report, xylem.run("run", write(f"{folder}/sweep.yml", text.replace("idx: [3, 1]", wrong)), ranks=2), wrong, 2, "sweep.yml:8:", problem)
    missing = text.replace("load_as_attr: true, target_path: multiverse", "target_path: elsewhere")
    check_error(report, xylem.run("run", write(f"{folder}/sweep.yml", missing), ranks=2), "no space", 2, "sweep.yml:7:3:", "no attribute 'pspace'")


def check_mistakes(xylem, report, folder):
    head = HEAD.format(data=f"{folder}/runs", out=f"{folder}/mistakes")
    ok = "transform: [{expression: '1', tag: x}]\n"
    cases = [
        ("nothing", "", 2, "holds 0 YAML documents"),
        ("no YAML", "a: [1", 2, "mistakes.yml:"),
        ("two documents", head + ok + "---\n" + head, 2, "2 YAML documents"),
        ("unknown key", head + ok + "resorces: {}\n", 2, "mistakes.yml:7:1: 'job' has no key 'resorces'; did you mean 'resources'?"),
        ("unknown loader", head.replace("hdf5_proxy", "hdf5_prxy") + ok, 2, "mistakes.yml:5:", "hdf5_proxy"),
        ("no files", head.replace("day*", "week*") + ok, 2, "week"),
        ("no folder", head.replace("/runs", "/walks") + ok, 2, "walks"),
        ("unknown path", head + "select: {t: sim/001/atm/temprature}\n" + ok, 2, "mistakes.yml:6:13:", "temprature", "did you mean"),
        ("unknown label", head + "select: {t: {path: sim/001/atm/temperature, sel: {lat: 7}}}\n" + ok, 2, "mistakes.yml:6:13:", "lat"),
        ("unknown dim", head + "transform: [{expression: 'mean(`sim/001/atm/temperature`, hight)', tag: x}]\n", 2, "mistakes.yml:6:26:", "hight"),
        ("no memory", head + "resources: {memory_per_rank: 1MiB}\ntransform: [{expression: 'mean(`sim/001/atm/temperature`)', tag: x}]\n", 4, "--memory"),
        ("a folder as output", head + ok + "store: [{file: sub/}]\n", 2, "mistakes.yml:7:16:"),
        ("a folder above as output", head + ok + "store: [{file: ..}]\n", 2, "mistakes.yml:7:16:"),
        ("a size that is none", head + ok + "resources: {memory_per_rank: [1]}\n", 2, "error: mistakes.yml:7:30: memory_per_rank".replace("mistakes", f"{folder}/mistakes")),
        ("an anchor in itself", "a: &a [*a]\n" + head + ok, 2, "mistakes.yml", "an anchor that holds itself"),
        ("anchors that multiply", "".join(f"b{i}: &a{i + 1} [{','.join([f'*a{i}' if i else 'x'] * 9)}]\n" for i in range(9)) + head + ok, 2, "1000000 values"),
        ("no folder for the report", head.replace(f"{folder}/mistakes", "/proc/none") + ok + "report: {json: r.json}\n", 4, "the folder '/proc/none' cannot be made"),
        ("no such setting", None, 2, "--set"),
    ]
    for what, text, code, *fragments in cases:
        job = write(f"{folder}/mistakes.yml", text if text is not None else head + ok)
        options = [] if text is not None else ["--set", "x"]
        for ranks in (1, 3):
            check_error(report, xylem.run("run", job, *options, ranks=ranks), what, code, *fragments)
    check_error(report, xylem.run("run", ranks=2), "no job", 2, "one job file")
    check_error(report, xylem.run("run", f"{folder}/none.yml", ranks=2), "no such job", 2, "none.yml")
    check_error(report, xylem.run("run", folder, ranks=2), "a folder as job", 2, "cannot be read")
    report.check(not os.path.exists(f"{folder}/mistakes"), "mistakes made a folder")


def check_examples(xylem, report, folder, source):
    """jobs/climatology.yml on the data that it names, against xarray and on 1 to 4 ranks."""
    data = f"{folder}/demo"
    check_success(report, xylem.run("demo-data", data, "--size", "1MiB", "--files", 4), "demo data")
    days = [f"{data}/day{day:03d}.h5" for day in range(4)]

    def opened(name):
        group, field = name.split("/")
        return xr.concat([xr.open_dataset(day, group=group, engine="netcdf4", decode_times=False)[field] for day in days], "time").astype("f8")

    t = opened("atm/temperature").sel(y=slice(-40, 40))
    celsius = (t.astype("f4") - np.float32(273.15)).astype("f8")
    valid = celsius.where(celsius > 0)
    expected = {"clim": valid.mean("time"), "anom_std": (valid - valid.mean("time")).std("time", ddof=1), "celsius": celsius,
                "speed": np.sqrt(opened("ocean/u") ** 2 + opened("ocean/v") ** 2).mean(["y", "x"]), "extra": xr.DataArray(0.0)}
    first = None
    for ranks in (1, 2, 3, 4):
        out = f"{folder}/example{ranks}"
        result = xylem.run("run", f"{source}/jobs/climatology.yml", "--set", f"data_dir={data}", "--set", f"out_dir={out}", ranks=ranks)
        if not check_success(report, result, f"the example on {ranks} ranks"):
            continue
        found = {**values_of(f"{out}/stats.nc"), **values_of(f"{out}/means.nc")}
        first = first or found
        report.check(found.keys() == first.keys(), f"the example on {ranks} ranks has {list(found)}")
        for name, (dims, values) in found.items():
            report.check(values.tobytes() == first[name][1].tobytes(), f"the example: {name} has other bytes on {ranks} ranks")
            if name in expected:
                wanted = expected[name]
                report.check(dims == wanted.dims and np.allclose(values, wanted.values, rtol=1e-6 if name == "celsius" else 1e-12, equal_nan=True),
                             f"the example: {name} on {ranks} ranks is not what xarray finds")


def check_documentation(xylem, report, source):
    with open(f"{source}/docs/jobs.md", encoding="utf-8") as file:
        shown = re.search(r"<!-- keys -->\n(.*)<!-- /keys -->", file.read(), re.S).group(1)
    report.check(xylem.run("run", "--keys").out.decode() == shown, "docs/jobs.md has other keys than xylem run --keys")


def main():
    program, mpiexec, folder, source = sys.argv[1:5]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    make_data(f"{folder}/runs")
    xylem, report = Xylem(program, mpiexec), Report()
    check_analysis(xylem, report, folder)
    check_failures(xylem, report, folder)
    check_skipped(xylem, report, folder)
    check_sweep(xylem, report, folder)
    check_mistakes(xylem, report, folder)
    check_examples(xylem, report, folder, source)
    check_documentation(xylem, report, source)
    report.finish()


main()
