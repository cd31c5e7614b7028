#!/usr/bin/env python3
"""xylem index, end to end: what comes from it is what a scan finds; what has changed is scanned; damaged and hostile ones are not
believed.

Usage: index.py XYLEM MPIEXEC FOLDER
"""
import os
import random
import shutil
import struct
import sys

import h5py
import numpy as np

from harness import Report, Xylem, check_error, check_success

xylem = Xylem(sys.argv[1], sys.argv[2])
folder = os.path.abspath(sys.argv[3])
report = Report()
random.seed(5)


def write(path, number, shape=(2, 3)):
    with h5py.File(path, "w") as file:
        file.attrs["number"] = number
        for name, size in (("time", shape[0]), ("x", shape[1])):
            file.create_dataset(name, data=np.arange(size) + (number * shape[0] if name == "time" else 0)).make_scale(name)
        chunked = number % 2 == 0
        t = file.create_dataset("atm/t", data=np.full(shape, number, "i4"), chunks=(1, shape[1]) if chunked else None,
                                compression="gzip" if chunked else None)
        t.dims[0].attach_scale(file["time"])
        t.dims[1].attach_scale(file["x"])
        file.create_dataset("never written", shape=(4,), dtype="f8", chunks=(2,), fillvalue=7.0)
        file.create_dataset("names", data=np.array([b"a", b"b"]))
        file["soft"] = h5py.SoftLink("/atm/t")
        file["beside"] = h5py.ExternalLink("other.h5", "/x")
        file["itself"] = file["/"]


def fresh(name, files=7):
    path = os.path.join(folder, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    for i in range(files):
        write(f"{path}/f{i}.h5", i)
    with h5py.File(f"{path}/other.h5", "w") as file:
        file["x"] = np.arange(5)
    return path


COMMANDS = [["tree", "--json"], ["tree", "--attributes"], ["stats", "--csv"],
            ["reduce", "--concat", "time", "-e", "a=mean(t)", "-e", "b=sum(t[time=@5])", "-e", "c=max(`never written`)"]]


def check_all(where, what, ranks, *fragments, files="f*.h5", cwd=None, options=()):
    """Each command says the same with and without the index; warnings have these fragments."""
    for command, *arguments in COMMANDS:
        names = os.path.join(where, files) if cwd is None else files
        plain = xylem.run(command, names, *arguments, "--no-index", ranks=ranks, cwd=cwd)
        fast = xylem.run(command, names, *arguments, *options, ranks=ranks, cwd=cwd)
        if check_success(report, fast, f"{what}: {command}") and check_success(report, plain, f"{what}: plain {command}"):
            report.check(fast.out == plain.out, f"{what}: {command} on {ranks} ranks says\n{fast.out}\nnot\n{plain.out}")
            warnings = [line for line in fast.err.splitlines() if "index" in line]
            report.check(bool(warnings) == bool(fragments), f"{what}: {command} warns {warnings}")
            for fragment in fragments:
                report.check(fragment in fast.err, f"{what}: no {fragment!r} in {fast.err!r}")


def used(where, files="f*.h5", **options):
    """How many files came from the index."""
    result = xylem.run("tree", os.path.join(where, files), "-V", "--depth", "0", **options)
    return int(result.err.split(" s, ")[1].split()[0])


where = fresh("one")
for ranks in (1, 2, 3, 4):
    made = xylem.run("index", f"{where}/f*.h5", ranks=ranks)
    if check_success(report, made, "index"):
        kept = (0, 8) if ranks == 1 else (8, 0)
        report.check("8 files" in made.out.decode() and f"({kept[1]} scanned, {kept[0]} as before)" in made.out.decode(), made.out)
    check_all(where, "index", ranks)
    report.check(used(where, ranks=ranks) == 7, "all come from the index")
check_all(where, "from another folder", 2, files="one/f*.h5", cwd=folder)
check_all(where, "from the folder", 2, files="f*.h5", cwd=where)
os.symlink("one", f"{folder}/link") if not os.path.lexists(f"{folder}/link") else None
report.check(used(f"{folder}/link") == 7, "through a symbolic link")

# Moved with its files.
moved = os.path.join(folder, "moved")
shutil.rmtree(moved, ignore_errors=True)
shutil.move(where, moved)
check_all(moved, "moved", 2)
report.check(used(moved) == 7, "an index moves along with its files")

# Changes: of size, of time alone, new files, files that are gone.
where = moved
write(f"{where}/f3.h5", 33, (5, 3))
check_all(where, "changed", 3, "stale for 1 of 7 files", "f3.h5")
os.utime(f"{where}/f4.h5", ns=(1, 1))
check_all(where, "touched", 2, "stale for 2 of 7 files")
write(f"{where}/f8.h5", 8)
check_all(where, "new", 2, "does not know 1 of 8 files", "f8.h5")
os.remove(f"{where}/f0.h5")
check_all(where, "gone", 1, "stale for 2 of 7 files")
made = xylem.run("index", f"{where}/f*.h5", ranks=2)
report.check("(3 scanned, 5 as before)" in made.out.decode(), f"what has changed is scanned: {made.out}")
check_all(where, "made anew", 2)
check_error(report, xylem.run("tree", f"{where}/f0.h5"), "a file that is gone", 2, "f0.h5")

# By name; below another folder; of no use to others.
check_success(report, xylem.run("index", f"{where}/f*.h5", "-o", f"{folder}/named.idx", ranks=2), "-o")
os.remove(f"{where}/.xylem-index")
check_all(where, "named", 2, options=["--index", f"{folder}/named.idx"])
report.check(used(where) == 0, "no index, none used")
os.makedirs(f"{folder}/up/down", exist_ok=True)
shutil.copy(f"{where}/f1.h5", f"{folder}/up/down/f1.h5")
shutil.copy(f"{where}/f1.h5", f"{folder}/up/f2.h5")
check_success(report, xylem.run("index", f"{folder}/up/**/*.h5"), "index of two levels")
report.check(os.path.exists(f"{folder}/up/.xylem-index") and used(f"{folder}/up/down") == 1, "found in a folder above")
check_error(report, xylem.run("tree", f"{where}/f1.h5", "--index", f"{folder}/none", ranks=2), "no index", 2, "none")
check_error(report, xylem.run("tree", f"{where}/f1.h5", "--index", "x", "--no-index"), "both", 2, "exclude")
check_error(report, xylem.run("index", ranks=2), "no files", 2, "at least one file")
check_error(report, xylem.run("index", f"{where}/f1.h5", "-o", f"{folder}/no/such/folder", ranks=2), "nowhere", 4, "no/such/folder")
check_error(report, xylem.run("index", f"{where}/f1.h5", "-o", "/dev/full/x", ranks=2), "no folder", 4, "/dev/full/x")
with open(f"{where}/f9.h5", "wb") as file:
    file.write(b"not HDF5")
check_error(report, xylem.run("index", f"{where}/f*.h5", ranks=2), "not HDF5", 3, "f9.h5")
report.check(not os.path.exists(f"{where}/.xylem-index"), "no index of a run that failed")
os.remove(f"{where}/f9.h5")

# Damaged ones: never believed, never a crash. With a right checksum, too.
where = fresh("damage", 3)
check_success(report, xylem.run("index", f"{where}/f*.h5"), "index")
path = f"{where}/.xylem-index"
with open(path, "rb") as file:
    good = file.read()
head = len(b"xylem-index 1\n")


def checksum(body):
    total = 0xCBF29CE484222325 ^ len(body)
    for begin in range(0, len(body), 8):
        word = int.from_bytes(body[begin:begin + 8].ljust(8, b"\0"), "little")
        total = (total ^ word) * 0x100000001B3 % 2**64
        total ^= total >> 32
    return total


report.check(struct.unpack_from("<Q", good, head)[0] == checksum(good[head + 8:]), "the checksum here is that of the program")
plain = xylem.run("tree", f"{where}/f*.h5", "--json", "--no-index").out
cases = [b"", b"x", good[:10], good[:head], good[: head + 4], good[:-1], good[: len(good) // 2], b"xylem-index 2\n" + good[head:], good + b"x",
         b"\0" * len(good), good[:60] + b"\xff" * 8 + good[68:]]
for i in range(12):
    at = random.randrange(len(good))
    cases.append(good[:at] + bytes([good[at] ^ (1 << random.randrange(8))]) + good[at + 1:])
hostile = []
body = good[head + 8:]
for i in range(150):
    changed = bytearray(body)
    for _ in range(random.choice((1, 1, 3))):
        at = random.randrange(8, len(body) - 8)
        if random.random() < 0.4:
            changed[at:at + 8] = struct.pack("<Q", random.choice((0, 1, 2**31, 2**40, 2**63, 2**64 - 1)))
        else:
            changed[at] = random.randrange(256)
    changed = bytes(changed)
    hostile.append(good[:head] + struct.pack("<Q", checksum(changed)) + changed)
for number, case in enumerate(cases):
    with open(path, "wb") as file:
        file.write(case)
    result = xylem.run("tree", f"{where}/f*.h5", "--json", ranks=1 + number % 2)
    if check_success(report, result, f"damage {number}"):
        report.check(result.out == plain and ("is not used" in result.err or case == good), f"damage {number}: {result.err!r}")
limit = ["prlimit", f"--as={4 << 30}"]
for number, case in enumerate(hostile):
    with open(path, "wb") as file:
        file.write(case)
    result = xylem.run("stats", f"{where}/f*.h5", "--json", ranks=0, prefix=limit)
    report.check(result.code in (0, 3) and not result.hung, f"hostile {number}: exit {result.code} {result.everything[-2000:]}")
    if result.code == 3:
        report.check("has changed since it was scanned" in result.err or "h5" in result.err, f"hostile {number}: {result.err!r}")
os.remove(path)
os.mkdir(path)
result = xylem.run("tree", f"{where}/f*.h5", "--json", ranks=2)
report.check(check_success(report, result, "a folder as index") and result.out == plain and "not used" in result.err, "a folder as index")
os.rmdir(path)
os.mkfifo(path)
result = xylem.run("tree", f"{where}/f*.h5", "--json", ranks=2)
report.check(check_success(report, result, "a pipe as index") and result.out == plain and "not used" in result.err, "a pipe as index")

report.finish()
