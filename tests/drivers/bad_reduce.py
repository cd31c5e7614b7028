#!/usr/bin/env python3
"""bad_reduce.py PROGRAM MPIEXEC SCRATCH: whatever is wrong with what `xylem reduce` and `xylem plan` are given, the whole job ends within
seconds with one clear line and the documented exit code, on one rank and on three; nothing is printed, nothing is left of the output."""
import os
import pathlib
import re
import shutil
import sys

import h5py
import numpy as np
import xarray as xr

import labelled_files
from harness import Report, Xylem, check_error, check_success

USAGE, DATA, RESOURCE = 2, 3, 4
RANKS = (1, 3)


def make_files():
    rng = np.random.default_rng(5)
    time, lat = np.arange(6) * 10, np.array([60.0, 30.0, 0.0, -30.0])
    t = rng.normal(0, 1, (6, 4))
    t[2, 3] = np.nan
    whole = np.full((6, 4), 2**62)
    whole[:, 1:] = 1
    arrays = {
        "temperature": xr.DataArray(t, dims=["time", "lat"], coords={"time": time, "lat": lat}),
        "whole": xr.DataArray(whole, dims=["time", "lat"], coords={"time": time, "lat": lat}),
        "short": xr.DataArray(np.arange(4, dtype="int16"), dims=["lat"], coords={"lat": lat}),
    }
    labelled_files.write_file("a.nc", rng, "rows", arrays)
    shifted = {name: array.assign_coords(lat=array.lat + (array.lat == 0)) for name, array in arrays.items()}
    labelled_files.write_file("shifted.nc", rng, "rows", {"other": shifted["temperature"]})
    labelled_files.write_file("same.nc", rng, "rows", arrays)
    with h5py.File("plain.h5", "w") as file:
        file["g/x"] = file["k/x"] = np.arange(4)
        file["text"] = "words"
        file.create_dataset("big", (2**40, 2**30), "f8", chunks=(2**10, 2**10))
        file.create_dataset("chunk", (64, 1 << 20), "f4", chunks=(32, 1 << 20), compression="gzip", compression_opts=1)[3, 5] = 1
        file["wide"] = np.ones((40, 200_000), "f4")
    shutil.copy("a.nc", "damaged.nc")
    with h5py.File("damaged.nc") as file:
        place = file["temperature"].id.get_chunk_info(4)
    with open("damaged.nc", "r+b") as file:
        file.seek(place.byte_offset)
        file.write(b"\xff" * place.size)
    os.mkdir("folder")


# (file, expression, exit code, what the line must say)
EXPRESSIONS = [
    ("a.nc", "mean(temprature)", USAGE, ["'temprature'", "did you mean 'temperature'", "column 6"]),
    ("a.nc", "mean(temperature, tim)", USAGE, ["'tim'", "time"]),
    ("a.nc", "maen(temperature)", USAGE, ["'maen'", "did you mean 'mean'"]),
    ("a.nc", "mean(temperature", USAGE, ["column"]),
    ("a.nc", "temperature +", USAGE, ["column"]),
    ("a.nc", "temperature + * 2", USAGE, ["column 15"]),
    ("a.nc", "temperature $ 2", USAGE, ["column 13"]),
    ("a.nc", "mean(temperature, time, time)", USAGE, ["time"]),
    ("a.nc", "std(temperature, dof=1)", USAGE, ["dof", "ddof"]),
    ("a.nc", "std(temperature, ddof=-1)", USAGE, ["ddof"]),
    ("a.nc", "mean(temperature, ddof=1)", USAGE, ["ddof"]),
    ("a.nc", "any(temperature, skipna=false)", USAGE, ["skipna"]),
    ("a.nc", "sum(temperature, min_count=lots)", USAGE, ["min_count"]),
    ("a.nc", "temperature & 1", USAGE, ["float64"]),
    ("a.nc", "short + 70000", USAGE, ["70000", "int16"]),
    ("a.nc", "temperature[time=6]", USAGE, ["6", "time"]),
    ("a.nc", "temperature[lat=@45]", USAGE, ["45", "lat"]),
    ("a.nc", "temperature[lat=~45 within 2]", USAGE, ["45", "lat"]),
    ("a.nc", "temperature[time=::0]", USAGE, ["step"]),
    ("a.nc", "temperature[height=1]", USAGE, ["'height'"]),
    ("a.nc", "astype(temperature, float31)", USAGE, ["float31"]),
    ("a.nc", "transpose(temperature, lat)", USAGE, ["time"]),
    ("a.nc", "rename(temperature, time=lat)", USAGE, ["lat"]),
    ("a.nc", "cov(temperature)", USAGE, ["cov"]),
    ("a.nc", "mean(temperature, weights=short, lat)", USAGE, ["column"]),
    ("a.nc shifted.nc", "temperature - other", USAGE, ["lat", "index 2"]),
    ("a.nc same.nc", "mean(temperature)", USAGE, ["'temperature'", "--concat"]),
    ("plain.h5", "mean(x)", USAGE, ["/g/x", "/k/x"]),
    ("plain.h5", "mean(text)", USAGE, ["text"]),
    ("plain.h5", "rename(big, dim_0=a, dim_1=b) + rename(big, dim_0=c, dim_1=d)", USAGE, ["'r'"]),
    ("a.nc", "'words'", USAGE, []),
    ("a.nc", "(" * 600 + "temperature" + ")" * 600, USAGE, ["500"]),
    ("a.nc", "", USAGE, ["''"]),
    ("nothing.nc", "mean(temperature)", USAGE, ["nothing.nc"]),
]
# What only reading finds; plans are made all the same.
DATA_ERRORS = [
    ("a.nc", "sum(whole, time)", DATA, ["'r'", "(0,)", "int64"]),
    ("a.nc", "sum(whole)", DATA, ["'r'", "int64"]),
    ("a.nc", "whole - sum(whole, time)", DATA, ["int64", "(0,)"]),
    ("a.nc", "astype(temperature, int32)", DATA, ["int32", "temperature"]),
    ("a.nc", "mean(astype(temperature, int8))", DATA, ["int8", "temperature"]),
    ("damaged.nc", "mean(temperature)", DATA, ["'damaged.nc'", "'/temperature'", "chunk (4, 0)"]),
]
# (arguments after the files and the command, exit code, fragments)
OPTIONS = [
    ([], USAGE, ["-e"]),
    (["-e"], USAGE, ["expression"]),
    (["-e", "mean(temperature)"], USAGE, ["names no result", "NAME=EXPRESSION"]),
    (["-e", "m=mean(temperature)", "-e", "m=max(temperature)"], USAGE, ["'m'"]),
    (["-e", "=mean(temperature)"], USAGE, ["names no result"]),
    (["-e", "m=mean(temperature)", "--schedule", "guided"], USAGE, ["'guided'", "static", "dynamic"]),
    (["-e", "m=mean(temperature)", "--sum", "quick"], USAGE, ["'quick'", "exact"]),
    (["-e", "m=mean(temperature)", "--threads", "0"], USAGE, ["--threads"]),
    (["-e", "m=mean(temperature)", "--threads", "many"], USAGE, ["many"]),
    (["-e", "m=mean(temperature)", "--io", "fast"], USAGE, ["'fast'", "hyperslab"]),
    (["-e", "m=mean(temperature)", "--memory", "plenty"], USAGE, ["'plenty'"]),
    (["-e", "m=mean(temperature)", "--memory", "0"], USAGE, ["'0'"]),
    (["-e", "m=mean(temperature)", "--without", "reading"], USAGE, ["'reading'", "push-selections"]),
    (["-e", "m=mean(temperature)", "--memory", "1"], RESOURCE, ["give at least --memory"]),
]


def cases():
    for command in ("reduce", "plan"):
        output = ["-o", "out.nc"] if command == "reduce" else []
        for files, text, code, fragments in EXPRESSIONS + (DATA_ERRORS if command == "reduce" else []):
            yield [command, *files.split(), "-e", f"r={text}", *output], code, fragments
        for arguments, code, fragments in OPTIONS:
            yield [command, "a.nc", *arguments, *output], code, fragments
        yield [command, "-e", "r=1", *output], USAGE, ["file"]
    for ranks, fragment in (("0", "--ranks"), ("-3", "--ranks"), ("few", "few")):
        yield ["plan", "a.nc", "-e", "m=mean(temperature)", f"--ranks={ranks}"], USAGE, [fragment]
    yield ["reduce", "a.nc", "-e", "m=mean(temperature)", "--ranks", "3"], USAGE, ["--ranks"]
    yield ["reduce", "a.nc", "-e", "time=mean(temperature, time)", "-e", "u=temperature", "-o", "out.nc"], USAGE, ["'time'"]
    yield ["reduce", "a.nc", "-e", "u=temperature", "-e", "v=temperature[time=::2]", "-o", "out.nc"], USAGE, ["'u'", "'v'", "time"]
    # Outputs.
    mean = ["reduce", "a.nc", "-e", "m=mean(temperature, time)"]
    for path, code, fragments in (("no/out.nc", RESOURCE, ["no/out.nc"]), ("folder", RESOURCE, ["folder"]), ("", USAGE, ["-o"]),
                                  ("/proc/out.nc", RESOURCE, ["/proc/out.nc"]), ("a.nc", USAGE, ["'a.nc'", "one of the files"]),
                                  ("./folder/../a.nc", USAGE, ["a.nc", "one of the files"]), ("link.nc", USAGE, ["link.nc", "one of the files"])):
        yield [*mean, "-o", path, "--overwrite"], code, fragments
    yield [*mean, "-o", "a.nc", "--append"], USAGE, ["'a.nc'", "one of the files"]
    for path in ("a.nc", "link.nc", "shifted.nc"):
        yield [*mean, "-o", path], USAGE, [f"'{path}' exists already", "--overwrite", "--append"]
    for options, fragment in ((["--deflate", "0"], "--deflate is 0"), (["--deflate", "10"], "--deflate is 10"), (["--deflate", "x"], "deflate"),
                              (["--chunks", "0,5"], "'0,5'"), (["--chunks", "5,"], "'5,'"), (["--chunks", ""], "''"), (["--chunks", "5;5"], "'5;5'"),
                              (["--chunks", "99999999999999999999"], "--chunks"), (["--overwrite", "--append"], "exclude each other")):
        yield [*mean, "-o", "out.nc", *options], USAGE, [fragment]
    for options in (["--overwrite"], ["--append"], ["--chunks", "auto"], ["--deflate", "3"]):
        yield [*mean, *options], USAGE, [options[0], "-o"]
    yield [*mean, "--report", "folder"], RESOURCE, ["'folder'"]
    yield [*mean, "--report", "no/report.json"], RESOURCE, ["'no/report.json'"]


def check_cases(report, xylem):
    runs = [(ranks, case) for case in cases() for ranks in RANKS]
    # Each in a folder of its own, so that what a run leaves is seen.
    jobs = []
    for number, (ranks, (arguments, _, _)) in enumerate(runs):
        folder = f"run_{number}"
        os.makedirs(f"{folder}/folder")
        for name in ("a.nc", "shifted.nc", "same.nc", "plain.h5", "damaged.nc"):
            os.link(name, f"{folder}/{name}")
        os.symlink("a.nc", f"{folder}/link.nc")
        jobs.append((arguments, {"ranks": ranks, "cwd": folder}))
    with open("a.nc", "rb") as file:
        before = file.read()
    for number, ((ranks, (arguments, code, fragments)), result) in enumerate(zip(runs, xylem.run_all(jobs))):
        what = f"{' '.join(arguments)[:150]!r} on {ranks}"
        check_error(report, result, what, code, *fragments)
        left = sorted(set(os.listdir(f"run_{number}")) - {"a.nc", "shifted.nc", "same.nc", "plain.h5", "damaged.nc", "link.nc", "folder"})
        report.check(not left and not os.listdir(f"run_{number}/folder"), f"{what}: left {left}")
        shutil.rmtree(f"run_{number}")
    with open("a.nc", "rb") as file:
        report.check(file.read() == before, "an input file was changed")


def check_memory_named(report, xylem):
    """The memory that a refusal names is enough, and half of it is not."""
    cases = [("plain.h5", "mean(chunk)"), ("plain.h5", "std(wide, dim_0)"), ("plain.h5", "wide - mean(wide, dim_0)"),
             ("plain.h5", "mean(wide, dim_1)"), ("a.nc", "mean(temperature)")]
    for file, text in cases:
        for ranks in RANKS:
            what = f"{text} on {ranks}"
            arguments = ["reduce", file, "-e", f"r={text}", "-o", "memory.nc", "--overwrite"]
            refused = xylem.run(*arguments, "--memory", "1MiB", ranks=ranks)
            check_error(report, refused, what, RESOURCE, "give at least --memory")
            named = re.search(r"at least --memory (\d+)MiB", refused.err)
            if not report.check(named, f"{what}: no amount of memory in {refused.err!r}"):
                continue
            check_success(report, xylem.run(*arguments, "--memory", f"{named[1]}MiB", ranks=ranks, time_limit=60), f"{what} with {named[1]}MiB")
            less = xylem.run(*arguments, "--memory", f"{int(named[1]) // 2}MiB", ranks=ranks)
            check_error(report, less, f"{what} with half of {named[1]}MiB", RESOURCE, "give at least --memory")
            pathlib.Path("memory.nc").unlink(missing_ok=True)


def check_kept_output(report, xylem):
    """An output that was there stays as it was when a run fails."""
    for ranks in RANKS:
        with open("kept.nc", "w") as file:
            file.write("of before")
        for options in ([], ["--deflate", "3"]):
            check_error(report, xylem.run("reduce", "a.nc", "-e", "r=sum(whole)", "-o", "kept.nc", "--overwrite", *options, ranks=ranks), f"kept output on {ranks}", DATA, "int64")
        check_error(report, xylem.run("reduce", "a.nc", "-e", "r=mean(whole)", "-o", "kept.nc", ranks=ranks), f"an output of before on {ranks}", USAGE, "exists already")
        with open("kept.nc") as file:
            report.check(file.read() == "of before", f"the output of before is gone on {ranks}")
        check_success(report, xylem.run("reduce", "a.nc", "-e", "r=mean(whole)", "-o", "kept.nc", "--overwrite", ranks=ranks), f"overwritten on {ranks}")
        report.check(labelled_files.open_result("kept.nc", "r").shape == (), f"the output was not written over on {ranks}")
        report.check(not [name for name in os.listdir(".") if name.startswith(".") or "kept" in name and name != "kept.nc"], f"left: {os.listdir('.')}")


def check_full(report, xylem):
    """Standard output that takes nothing, and a file-size limit that stands for a full disk, with room for files in which Open MPI 6 shares memory."""
    for command in (["reduce", "a.nc", "-e", "r=mean(temperature)"], ["plan", "a.nc", "-e", "r=mean(temperature)"]):
        with open("/dev/full", "wb") as full:
            check_error(report, xylem.run(*command, ranks=0, stdout=full), f"{command} > /dev/full", RESOURCE, "standard output")
    for ranks in RANKS:
        for options in ([], ["--chunks", "auto"], ["--deflate", "1", "--chunks", "7,77000"]):
            result = xylem.run("reduce", "plain.h5", "-e", "r=wide + 1", "-o", "full.nc", *options, ranks=ranks,
                               prefix=["sh", "-c", 'trap "" XFSZ; ulimit -f 20000; export OMPI_MCA_btl_sm_segment_size=4194304; exec "$@"', "sh"])
            check_error(report, result, f"a full disk on {ranks} {options}", RESOURCE, "full.nc")
        report.check(not [name for name in os.listdir(".") if "full" in name], f"a full disk on {ranks} left {os.listdir('.')}")


def main(program, mpiexec, scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    report, xylem = Report(), Xylem(program, mpiexec)
    make_files()
    check_cases(report, xylem)
    check_memory_named(report, xylem)
    check_kept_output(report, xylem)
    check_full(report, xylem)
    report.finish()


main(*sys.argv[1:])
