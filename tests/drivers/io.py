#!/usr/bin/env python3
"""io.py PROGRAM MPIEXEC SCRATCH: the strategies of --io read the same bits, say what they are, and fail as one."""
import json
import os
import shutil
import sys

import h5py
import numpy as np

from harness import Report, Xylem, check_error, check_success

EXPRESSIONS = ["-e", "mean=mean(a)", "-e", "spread=std(a, time)", "-e", "field=a * 2", "-e", "some=max(a[time=::3], time, x)", "-e", "both=max(a - b, y, x)", "-e", "c=sum(c)"]
USAGE, DATA = 2, 3
STRATEGIES = ("auto", "direct", "hyperslab", "collective")


def write_file(path, seed, **storage):
    """Variables with chunks, two of other chunks than the first's; of some chunks nothing is stored."""
    random = np.random.default_rng(seed)
    values = random.normal(280, 10, (10, 33, 47)).astype("f4")
    values[2, 5:9] = np.nan
    with h5py.File(path, "w") as file:
        for name, data in (("time", np.arange(10.0) + 10 * seed), ("y", np.arange(33.0)), ("x", np.arange(47.0))):
            file[name] = data
            file[name].make_scale(name)
        for name, chunks in (("a", (4, 16, 16)), ("b", (3, 33, 10)), ("c", (10, 8, 47))):
            variable = file.create_dataset(name, values.shape, "f4", chunks=chunks if storage.get("chunked", True) else None,
                                           **{key: value for key, value in storage.items() if key != "chunked"})
            variable[: 10 if name == "a" else 7] = values[: 10 if name == "a" else 7] + len(name)
            for axis, dim in enumerate(("time", "y", "x")):
                variable.dims[axis].attach_scale(file[dim])


def results(path):
    with h5py.File(path) as file:
        return {name: file[name][...].tobytes() for name in ("mean", "spread", "field", "some", "both", "c")}


def check_same_bits(xylem, report):
    for files in (["plain0.h5"], ["deflate0.h5", "deflate1.h5"], ["contiguous0.h5", "contiguous1.h5"]):
        first = None
        for io in STRATEGIES:
            for ranks in (1, 2, 3, 4):
                what = f"{files} --io {io} on {ranks}"
                threads = ["--threads", "2"] if io != "collective" and ranks % 2 == 1 else []
                run = xylem.run("reduce", *files, *EXPRESSIONS, "--io", io, *threads, "-o", "o.nc", "--overwrite", ranks=ranks, cwd=".")
                if not check_success(report, run, what):
                    continue
                found = results("o.nc")
                first = first or found
                report.check(found == first, f"{what}: other bits than --io auto on 1 rank")
    lines = {io: xylem.run("stats", "deflate0.h5", "--io", io, "--json", ranks=2).out for io in STRATEGIES[:3]}
    report.check(len(set(lines.values())) == 1 and lines["auto"], f"stats differs by --io: {lines}")


def check_explained(xylem, report):
    for io, file, strategy in (("auto", "deflate0.h5", "direct"), ("hyperslab", "deflate0.h5", "hyperslab"), ("auto", "compact.h5", "hyperslab"),
                               ("collective", "plain0.h5", "collective")):
        told = json.loads(xylem.run("plan", file, "-e", "m=mean(a)", "--io", io, "--json").out)
        ways = told["passes"][0]["io"]
        report.check(len(ways) == 1 and ways[0]["strategy"] == strategy and ways[0]["why"] and "'/a'" in ways[0]["datasets"][0],
                     f"--io {io} {file}: the plan says {ways}")
        text = xylem.run("plan", file, "-e", "m=mean(a)", "--io", io).out.decode()
        report.check(f"io       {strategy} (" in text and "'/a'" in text, f"--io {io} {file}: the plan says {text}")


def check_threads(xylem, report):
    """The default is this rank's CPUs, at most; a plan for other ranks has one thread, and says so."""
    here = json.loads(xylem.run("plan", "plain0.h5", "-e", "m=mean(a)", "--json", ranks=0).out)["threads"]
    report.check(1 <= here <= len(os.sched_getaffinity(0)), f"{here} threads on {os.sched_getaffinity(0)}")
    report.check(json.loads(xylem.run("plan", "plain0.h5", "-e", "m=mean(a)", "--threads", "3", "--json", ranks=0).out)["threads"] == 3,
                 "--threads 3 is not what is planned for")
    elsewhere = xylem.run("plan", "plain0.h5", "-e", "m=mean(a)", "--json", "--ranks", "64")
    report.check(json.loads(elsewhere.out)["threads"] == 1 and "--threads" in elsewhere.err, f"--ranks 64: {elsewhere}")
    quiet = xylem.run("plan", "plain0.h5", "-e", "m=mean(a)", "--ranks", "64", "--threads", "2", "--memory", "64MiB")
    report.check("--threads" not in quiet.err, f"--ranks 64 with all that is needed: {quiet.err}")


def check_errors(xylem, report):
    for arguments, fragments in ((["--io", "fast"], ["'fast'", "hyperslab"]), (["--io", "collective", "--threads", "2"], ["--io collective", "--threads"]),
                                 (["--io", "collective", "--schedule", "dynamic"], ["--io collective", "dynamic"])):
        for command in ("reduce", "plan"):
            check_error(report, xylem.run(command, "plain0.h5", "-e", "m=mean(a)", *arguments, ranks=2), f"{command} {arguments}", USAGE, *fragments)
    for io in ("direct", "collective"):
        check_error(report, xylem.run("reduce", "compact.h5", "-e", "m=mean(a)", "--io", io, ranks=2), f"--io {io} compact", USAGE, "'/a'", io, "header")
    check_error(report, xylem.run("stats", "plain0.h5", "--io", "collective", ranks=2), "stats --io collective", USAGE, "collective")
    for io in STRATEGIES:
        for ranks in (1, 3):
            what = f"--io {io} on {ranks}"
            check_error(report, xylem.run("reduce", "damaged.h5", "-e", "m=mean(a)", "--io", io, ranks=ranks), f"damaged {what}", DATA,
                        "'damaged.h5'", "'/a'", "chunk (1, 1, 2)")
            check_error(report, xylem.run("reduce", "plain0.h5", "-e", "m=mean(astype(a, int32))", "--io", io, ranks=ranks), f"NaN {what}", DATA, "int32", "'/a'")


def main():
    program, mpiexec, scratch = sys.argv[1:4]
    xylem, report = Xylem(program, mpiexec), Report()
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    for seed in (0, 1):
        write_file(f"plain{seed}.h5", seed)
        write_file(f"deflate{seed}.h5", seed, compression="gzip", shuffle=True)
        write_file(f"contiguous{seed}.h5", seed, chunked=False)
    with h5py.File("compact.h5", "w") as file:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.COMPACT)
        h5py.Dataset(h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((8,)), layout))[...] = np.arange(8.0)
    shutil.copy("deflate0.h5", "damaged.h5")
    with h5py.File("damaged.h5") as file:
        info = [file["a"].id.get_chunk_info(i) for i in range(file["a"].id.get_num_chunks())]
        place = next(chunk.byte_offset + chunk.size // 2 for chunk in info if chunk.chunk_offset == (4, 16, 32))
    with open("damaged.h5", "r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 32)
    check_same_bits(xylem, report)
    check_explained(xylem, report)
    check_threads(xylem, report)
    check_errors(xylem, report)
    report.finish()


if __name__ == "__main__":
    main()
