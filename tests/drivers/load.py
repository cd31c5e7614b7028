#!/usr/bin/env python3
"""load.py PROGRAM MPIEXEC SCRATCH: `xylem tree --load` from end to end: the same tree on 1 to 4 ranks, as text and as JSON; whatever is wrong
with a load configuration or with what it loads ends the whole job with one line that tells file, line and column, and the documented code."""
import json
import os
import pathlib
import shutil
import sys

import h5py
import numpy as np

from harness import Report, Xylem, check_error, check_success

USAGE, DATA = 2, 3


def make_files():
    for day in range(5):
        os.makedirs("runs/params", exist_ok=True)
        with h5py.File(f"runs/day{day}.h5", "w") as file:
            values = np.arange(1000.0).reshape(10, 100) + day
            file.create_dataset("atm/t", data=values, chunks=(2, 100), compression="gzip").attrs["dims"] = ["time", "x"]
        pathlib.Path(f"runs/params/day{day}.yml").write_text(f"day: {day}\n")
    pathlib.Path("load.yml").write_text(
        "days: {loader: hdf5_proxy, glob_str: 'day*.h5', path_regex: '(\\d+).h5', target_path: 'days/{match:}'}\n"
        "params: {loader: yaml, glob_str: 'params/*', path_regex: '(\\d+).yml', target_path: 'days/{match:}', load_as_attr: true}\n"
        "none: {loader: text, glob_str: '*.txt'}\n")
    shutil.copytree("runs", "damaged")
    with h5py.File("damaged/day3.h5") as file:
        place = file["atm/t"].id.get_chunk_info(2)
    with open("damaged/day3.h5", "r+b") as file:
        file.seek(place.byte_offset)
        file.write(b"\xff" * place.size)
    with open("damaged/day2.h5", "r+b") as file:
        file.truncate(700)


def main(program, mpiexec, scratch):
    xylem, report = Xylem(program, mpiexec), Report()
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    make_files()

    trees = [xylem.run("tree", "--load", "load.yml", "--base", "runs", ranks=ranks) for ranks in (0, 1, 2, 3, 4)]
    for result in trees:
        check_success(report, result, "tree --load")
        report.check(result.out == trees[0].out, "the tree differs between rank counts")
        report.check("warning: load entry 'none': no file below" in result.err, result.err)
    report.check(b"days" in trees[0].out and trees[0].out.count(b"proxy (hdf5), float64, (time: 10, x: 100)") == 5, trees[0].out)

    result = xylem.run("tree", "--load", "load.yml", "--base", "runs", "--json", ranks=2)
    check_success(report, result, "tree --load --json")
    root, = json.loads(result.out)
    days = root["members"][0]
    report.check([day["name"] for day in days["members"]] == list("01234"), days)
    report.check(days["members"][4]["objects"] == ["params"] and days["members"][4]["file"].endswith("/runs/day4.h5"), days["members"][4])
    report.check(days["members"][4]["members"][0]["members"][0]["path"] == "/days/4/atm/t", "a path in the tree")

    cases = [
        ("a:\n  loader: hdf5\n  glob_strs: x\n", USAGE, ["bad.yml:3:3: load entry 'a': there is no key 'glob_strs'; did you mean 'glob_str'?"]),
        ("a: [\n", USAGE, ["bad.yml:2:1: this is no YAML"]),
        ("a: {loader: hdf, glob_str: x}\n", USAGE, ["bad.yml:1:13:", "did you mean 'hdf5'"]),
        ("a: {loader: hdf5, glob_str: x, required: true}\n", USAGE, ["bad.yml:1:1: load entry 'a': no file below", "required"]),
        ("a: {loader: hdf5, glob_str: 'day*', target_path: a}\n", USAGE, ["bad.yml:1:1: load entry 'a':", "day1.h5': 'a' is in the tree already"]),
        ("a: {loader: hdf5_proxy, glob_str: 'params/*'}\n", DATA, ["day0.yml"]),
        ("a: {loader: yaml, glob_str: '*0.h5'}\n", DATA, ["day0.h5"]),
    ]
    for text, code, fragments in cases:
        pathlib.Path("bad.yml").write_text(text)
        for ranks in (1, 3):
            check_error(report, xylem.run("tree", "--load", "bad.yml", "--base", "runs", ranks=ranks), f"{text} on {ranks}", code, *fragments)

    everything = "a: {loader: LOADER, glob_str: '*.h5', on_error: ACTION}\n"
    for ranks in (1, 2, 3):
        pathlib.Path("bad.yml").write_text(everything.replace("LOADER", "hdf5_proxy").replace("ACTION", "raise"))
        check_error(report, xylem.run("tree", "--load", "bad.yml", "--base", "damaged", ranks=ranks), "truncated", DATA, "day2.h5")
        pathlib.Path("bad.yml").write_text(everything.replace("LOADER", "hdf5_proxy").replace("ACTION", "skip"))
        result = xylem.run("tree", "--load", "bad.yml", "--base", "damaged", ranks=ranks)
        check_success(report, result, "truncated, skipped")
        report.check("day2.h5" in result.err and "left out" in result.err and b"day2" not in result.out and b"day3" in result.out, result)
        pathlib.Path("bad.yml").write_text(everything.replace("LOADER", "hdf5").replace("ACTION", "skip"))
        result = xylem.run("tree", "--load", "bad.yml", "--base", "damaged", ranks=ranks)
        check_error(report, result, "a damaged chunk", DATA, "day3.h5", "chunk")

    for arguments, fragment in (
            (["--load", "nowhere.yml"], "nowhere.yml"), (["--load", "load.yml", "--base", "nowhere"], "is not there"),
            (["--load", "load.yml", "runs/day0.h5"], "leave the names of files out"), (["--base", "runs", "runs/day0.h5"], "--base is for --load")):
        for ranks in (1, 3):
            check_error(report, xylem.run("tree", *arguments, ranks=ranks), " ".join(arguments), USAGE, fragment)
    report.finish()


if __name__ == "__main__":
    main(*sys.argv[1:])
