"""run_report.py XYLEM MPIEXEC SCRATCH: what --report says of runs that succeed and of runs that fail, on 1 to 4 ranks."""
import json
import os
import pathlib
import shutil
import sys

import h5py
import numpy as np

from harness import Report, Xylem, check_error, check_success

KEYS = ["command", "started", "seconds", "ranks", "result", "exit_code", "error", "warnings", "versions", "inputs", "outputs", "bytes", "stages",
        "rank_times", "memory", "plan"]
RANKS = (1, 2, 3, 4)
# What differs between two runs of the same program, as in reduce_memory.py.
NOISE = 4 << 20


def make_files():
    with h5py.File("a.h5", "w") as file:
        file.create_dataset("t", data=np.arange(6000, dtype="f4").reshape(60, 100), chunks=(10, 100), compression="gzip")
    shutil.copy("a.h5", "damaged.h5")
    with h5py.File("damaged.h5") as file:
        place = file["t"].id.get_chunk_info(3).byte_offset
    with open("damaged.h5", "r+b") as file:
        file.seek(place + 8)
        file.write(b"\xff" * 16)


def read(report, name, what):
    path = pathlib.Path(name)
    if not report.check(path.exists(), f"{what}: no report"):
        return None
    found = json.loads(path.read_text())
    report.check(list(found) == KEYS, f"{what}: keys {list(found)}")
    path.unlink()
    return found


def check_good(report, xylem, ranks):
    what = f"reduce on {ranks}"
    result = xylem.run("reduce", "a.h5", "-e", "m = mean(t, dim_0)", "-e", "up = t + 1", "-o", "out.nc", "--overwrite", "--deflate", "2",
                       "--report", "r.json", ranks=ranks)
    check_success(report, result, what)
    found = read(report, "r.json", what)
    if found is None:
        return
    report.check((found["result"], found["exit_code"], found["error"]) == ("success", 0, None), f"{what}: {found['result']}")
    report.check(found["command"].startswith("xylem reduce a.h5 -e 'm = mean(t, dim_0)' -e "), f"{what}: {found['command']}")
    report.check(found["inputs"] == [{"path": "a.h5", "size": os.path.getsize("a.h5"), "mtime_ns": os.stat("a.h5").st_mtime_ns}], f"{what}: {found['inputs']}")
    report.check(found["outputs"] == [{"path": "out.nc", "size": os.path.getsize("out.nc")}], f"{what}: {found['outputs']}")
    report.check(found["ranks"] == ranks == len(found["rank_times"]) == len(found["memory"]["ranks"]), f"{what}: ranks")
    report.check(sum(times["blocks"] for times in found["rank_times"]) == found["plan"]["passes"][0]["blocks"], f"{what}: blocks")
    for rank in found["memory"]["ranks"]:
        report.check(2**20 < rank["idle"] and 0 <= rank["peak_over_idle"] <= found["memory"]["forecast"] + NOISE, f"{what}: {found['memory']}")
    stages = [stage["name"] for stage in found["stages"]]
    report.check(stages == ["load", "plan", "create", "compute", "write"], f"{what}: {stages}")
    seconds = sum(stage["seconds"] for stage in found["stages"])
    report.check(0 < seconds <= found["seconds"] <= result.seconds, f"{what}: {seconds} of {found['seconds']} of {result.seconds}")
    with h5py.File("a.h5") as file:
        report.check(found["bytes"]["stored"] >= file["t"].id.get_storage_size(), f"{what}: {found['bytes']}")
    version = xylem.run("--version", ranks=0).out.decode()
    for name in ("xylem", "kokkos", "hdf5", "mpi"):
        report.check(found["versions"][name] in version, f"{what}: {name} {found['versions'][name]}")


def check_warning(report, xylem):
    with h5py.File("named.h5", "w") as file:
        for name, values in (("t", [1.0, 2.0]), ("x", [5, 6])):
            file[name] = np.array(values)
        file["x"].make_scale("x")
        file["t"].dims[0].attach_scale(file["x"])
    result = xylem.run("reduce", "named.h5", "-e", "a = t[x=0]", "-e", "b = t[x=1]", "-o", "n.nc", "--report", "r.json", ranks=2)
    found = read(report, "r.json", "a warning")
    report.check(found is not None and len(found["warnings"]) == 1 and "'x' is left out" in found["warnings"][0], f"warnings: {found}, {result.err}")


def check_bad(report, xylem, ranks):
    cases = [(["reduce", "a.h5", "-e", "m = mean(q)"], 2, "usage", "'q'", ["load", "plan"]),
             (["reduce", "none.h5", "-e", "m = mean(q)"], 2, "usage", "none.h5", ["load"]),
             (["reduce", "a.h5", "-e", "m = t", "-o", "out.nc"], 2, "usage", "exists already", []),
             (["reduce", "a.h5", "-e", "m = t", "-o", "no/out.nc"], 4, "resource", "no/out.nc", ["load", "plan", "create"]),
             (["reduce", "a.h5", "-e", "m = t", "--memory", "1KiB"], 4, "resource", "--memory", ["load", "plan"]),
             (["reduce", "damaged.h5", "-e", "m = mean(t)"], 3, "data", "damaged.h5", ["load", "plan", "compute"]),
             (["stats", "damaged.h5"], 3, "data", "damaged.h5", ["load", "compute"]),
             (["stats", "a.h5", "-v", "q"], 2, "usage", "'q'", ["load"])]
    for arguments, code, kind, fragment, stages in cases:
        what = f"{' '.join(arguments)} on {ranks}"
        result = xylem.run(*arguments, "--report", "r.json", ranks=ranks)
        check_error(report, result, what, code, fragment)
        found = read(report, "r.json", what)
        if found is None:
            continue
        report.check((found["result"], found["exit_code"], found["error"]["kind"]) == ("failure", code, kind), f"{what}: {found['error']}")
        report.check(f"xylem: error: {found['error']['message']}" in result.err, f"{what}: {found['error']['message']} against {result.err}")
        report.check([stage["name"] for stage in found["stages"]] == stages, f"{what}: {found['stages']}")
        report.check(found["outputs"] == [] and len(found["memory"]["ranks"]) == ranks, f"{what}: {found['memory']}")
        report.check((found["plan"] is not None) == ("compute" in stages and "reduce" in arguments or "create" in stages), f"{what}: plan")


def check_stats(report, xylem, ranks):
    what = f"stats on {ranks}"
    check_success(report, xylem.run("stats", "a.h5", "--report", "r.json", ranks=ranks), what)
    found = read(report, "r.json", what)
    if found is not None:
        report.check(found["bytes"]["decoded"] == 24000 and found["bytes"]["stored"] > 0 and found["plan"] is None, f"{what}: {found['bytes']}")
        report.check(all(rank["peak_over_idle"] <= found["memory"]["forecast"] + NOISE for rank in found["memory"]["ranks"]), f"{what}: {found['memory']}")


def main(program, mpiexec, scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    report, xylem = Report(), Xylem(program, mpiexec)
    make_files()
    for ranks in RANKS:
        check_good(report, xylem, ranks)
        check_bad(report, xylem, ranks)
        check_stats(report, xylem, ranks)
    check_warning(report, xylem)
    left = [name for name in os.listdir(".") if name.startswith(".") or "json" in name]
    report.check(not left, f"left: {left}")
    report.finish()


main(*sys.argv[1:])
