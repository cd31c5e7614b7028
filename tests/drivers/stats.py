#!/usr/bin/env python3
"""stats.py PROGRAM MPIEXEC SCRATCH [real_data]: `xylem stats` against an independent oracle (oracle.py), on generated files or on all
files below $XYLEM_REAL_DATA. Every number must be the same bit by bit, and every byte of output the same on 1, 2, 3 and 4 ranks."""
import csv
import io
import json
import os
import shutil
import sys

import oracle
import sample_files
from harness import Report, Xylem, check_success

RANKS = (1, 2, 3, 4)


def messages(result):
    """What a run says on standard error, without the progress that it reports when it is slow."""
    return [line for line in result.err.splitlines() if not line.startswith("xylem: reading: ")]


def same_for_all_ranks(report, xylem, what, *arguments):
    """Standard output of one rank, after checking that the others print the same on both channels."""
    first, *others = xylem.run_all([(["stats", *arguments], {"ranks": ranks}) for ranks in RANKS])
    if not check_success(report, first, what):
        return None
    for ranks, result in zip(RANKS[1:], others):
        check_success(report, result, f"{what} on {ranks} ranks")
        report.check(result.out == first.out, f"{what}: other output on {ranks} ranks")
        report.check(messages(result) == messages(first), f"{what}: other messages on {ranks} ranks:\n{result.err}\nnot\n{first.err}")
    return first.out.decode()


def compare(report, rows, expected, what):
    """Every row expected is there, with every number as expected, and no other row."""
    found = {(row["file"], row["path"]): row for row in rows}
    report.check(len(found) == len(rows), f"{what}: a dataset appears twice")
    wanted = {(row["file"], row["path"]): row for row in expected}
    report.check(found.keys() == wanted.keys(),
                 f"{what}: missing {sorted(wanted.keys() - found.keys())[:10]}, unexpected {sorted(found.keys() - wanted.keys())[:10]}")
    for key in wanted.keys() & found.keys():
        wrong = oracle.differences(found[key], wanted[key])
        report.check(not wrong, f"{what}: {key[0]} {key[1]} ({wanted[key]['dtype']}): {'; '.join(wrong)}")


def check_csv(report, text, rows, what):
    """The CSV holds the same numbers as the JSON."""
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    report.check(len(lines) == len(rows), f"{what}: {len(lines)} lines for {len(rows)} datasets")
    for line, row in zip(lines, rows):
        report.check(list(line) == oracle.KEYS, f"{what}: columns {list(line)}")
        for key in ("count", "missing", "min", "max", "sum", "mean", "std"):
            value = row[key]
            text_value = {"Infinity": "inf", "-Infinity": "-inf"}.get(value, "" if value is None else repr(value))
            same = line[key] == text_value or (isinstance(value, float) and line[key] != "" and float(line[key]) == value)
            report.check(same, f"{what}: {row['path']}: {key} is {line[key]!r} in CSV, {value!r} in JSON")


def check_files(report, xylem, files, what):
    expected = [row for file in files for row in oracle.expected_rows(file).values()]
    report.check(len(expected) > 0, f"{what}: nothing to compare")
    text = same_for_all_ranks(report, xylem, f"{what} --json", "--json", *files)
    if text is None:
        return
    rows = json.loads(text)
    compare(report, rows, expected, what)
    small = xylem.run("stats", "--json", "--memory", "32MiB", *files, ranks=2)
    report.check(small.out.decode() == text, f"{what}: other output with --memory 32MiB\n{small.err}")
    table = same_for_all_ranks(report, xylem, f"{what} as table", *files)
    report.check(table is not None and table.count("\n") == 1 + len(rows) + (len({row["file"] for row in rows}) if len(files) > 1 else 0),
                 f"{what}: the table has another number of lines")
    check_csv(report, same_for_all_ranks(report, xylem, f"{what} --csv", "--csv", *files) or "", rows, what + " --csv")
    raw = same_for_all_ranks(report, xylem, f"{what} --raw", "--json", "--raw", *files)
    if raw is not None:
        compare(report, json.loads(raw), [row for file in files for row in oracle.expected_rows(file, raw=True).values()], what + " --raw")


def check_selection(report, xylem, folder):
    """-v: paths, globs and links."""
    def paths(*arguments):
        result = xylem.run("stats", "--json", *arguments, ranks=2)
        check_success(report, result, f"stats {' '.join(arguments)}")
        return [row["path"] for row in json.loads(result.out or "[]")], result.err

    links = os.path.join(folder, "links.h5")
    newest = os.path.join(folder, "newest_format.h5")
    for pattern in ("/above", "above", "/a/b/x", "/soft", "/root/a/b/up/second_name"):
        found, _ = paths(links, "-v", pattern)
        report.check(found == ["/above"], f"-v {pattern}: {found}")
    found, _ = paths(links, "-v", "/external")
    report.check(found == ["/x"], f"-v /external: {found}")
    found, _ = paths(newest, "-v", "*/data")
    report.check(found == ["/zebra/data", "/apple/data", "/mango/data"], f"creation order: {found}")
    found, _ = paths(newest, "-v", "many/00[1-3]", "-v", "/many/002", "-v", "/many/00?")
    report.check(found == [f"/many/00{i}" for i in (1, 2, 3, 0, 4, 5, 6, 7, 8, 9)], f"patterns in order, each dataset once: {found}")
    found, err = paths(links)
    for kind in ("string", "compound", "vlen", "reference", "opaque", "array"):
        report.check(f"({kind})" in err, f"no word of skipping a {kind}: {err}")
    found, err = paths(links, newest, "-v", "/soft")
    report.check("1 of 2 files" in err, f"no word that one file lacks it: {err}")


def main(program, mpiexec, scratch, mode="generated"):
    report, xylem = Report(), Xylem(program, mpiexec)
    if mode == "real_data":
        folder = os.environ.get("XYLEM_REAL_DATA")
        if not folder:
            print("skipped: XYLEM_REAL_DATA names no folder of HDF5 files")
            sys.exit(77)
        found = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names if not name.endswith((".md", ".txt")))
        check_files(report, xylem, found, "real files")
        report.finish()
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    files = sample_files.write_all(os.path.abspath(scratch))
    os.chdir(scratch)  # HDF5 looks for external raw storage from here
    check_files(report, xylem, files, "generated files")
    check_selection(report, xylem, ".")
    report.finish()


main(*sys.argv[1:])
