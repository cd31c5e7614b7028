#!/usr/bin/env python3
"""bad_input.py PROGRAM MPIEXEC SCRATCH: whatever is wrong with what xylem is given, the whole job ends within seconds with one clear line
and the documented exit code, on one rank and on three; nothing on standard output, no process left."""
import json
import os
import re
import shutil
import sys
import tempfile

import h5py
import numpy as np

from harness import Report, Xylem, check_error, check_success

USAGE, DATA, RESOURCE = 2, 3, 4
RANKS = (1, 3)


def make_files():
    """Good and bad files into the working folder."""
    with h5py.File("good.h5", "w") as file:
        file["atm/temperature"] = np.arange(12.0)
        file["atm/pressure"] = np.arange(5)
        file["name"] = "text"
        file["dangling"] = h5py.SoftLink("/not/there")
        file["loop"] = h5py.SoftLink("/loop")
        file["outside"] = h5py.ExternalLink("absent.h5", "/x")
        file["alias"] = h5py.SoftLink("/atm/temperature")
    with open("text.h5", "w") as file:
        file.write("time,temperature\n" * 100)
    open("empty.h5", "w").close()
    with open("\x89HDF.h5", "wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
    os.mkdir("folder")
    os.mkfifo("fifo.h5")
    os.symlink("nowhere", "broken.h5")
    with h5py.File("corrupt.h5", "w") as file:
        rng = np.random.default_rng(2)
        values = rng.standard_normal((30, 40))
        file.create_dataset("sound", data=values, chunks=(10, 10), compression="gzip")
        file.create_dataset("deflate", data=values, chunks=(10, 10), compression="gzip", shuffle=True)
        file.create_dataset("fletcher32", data=values, chunks=(10, 10), fletcher32=True)
        file.create_dataset("deflate_fletcher32", data=values, chunks=(10, 10), compression="gzip", fletcher32=True)
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)  # a filter that HDF5 itself must undo, behind a checksum
        properties.set_chunk((10, 10))
        properties.set_scaleoffset(h5py.h5z.SO_INT, 0)
        properties.set_fletcher32()
        h5py.h5d.create(file.id, b"scaleoffset", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((30, 40)), dcpl=properties)
        file["scaleoffset"][...] = 1000 * values
        places = [(name, file[name].id.get_chunk_info_by_coord((20, 30))) for name in file if name != "sound"]
    for name, place in places:
        shutil.copy("corrupt.h5", f"corrupt_{name}.h5")
        flip(f"corrupt_{name}.h5", place.byte_offset + place.size // 2)
    with h5py.File("last_chunk.h5", "w") as file:  # one chunk a rank; only the last rank meets the bad one
        data = file.create_dataset("x", data=np.random.default_rng(3).standard_normal(3_000_000), chunks=(1_000_000,), compression="gzip", compression_opts=1)
        place = data.id.get_chunk_info(2)
    flip("last_chunk.h5", place.byte_offset + place.size - 10)
    with h5py.File("unknown_filter.h5", "w") as file:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_chunk((100,))
        layout.set_filter(305, h5py.h5z.FLAG_OPTIONAL)  # LZO, of which there is no plugin
        x = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((100,)), layout)
        x.write_direct_chunk((0,), bytes(300))
    with h5py.File("huge_chunk.h5", "w") as file:
        data = file.create_dataset("x", (64, 1 << 20), "f4", chunks=(32, 1 << 20), compression="gzip", compression_opts=1)
        data[3, 5] = 1
    with h5py.File("beyond.h5", "w") as file:
        file.create_dataset("x", (2**40, 2**40), "f8", chunks=(1024, 1024))
    with h5py.File("exabytes.h5", "w") as file:
        file.create_dataset("chunked", (2**40, 2**20), "f8", chunks=(1024, 1024), fillvalue=2)
        file.create_dataset("contiguous", (2**59,), "f8")
        sparse = file.create_dataset("sparse", (2**40, 2**20), "f4", chunks=(256, 256), compression="gzip")
        for i in range(3):
            sparse[i * 2**30 : i * 2**30 + 10, i * 1000 : i * 1000 + 10] = i + 1
    for name, source, path in (("virtual_file", "absent.h5", "x"), ("virtual_path", "good.h5", "absent")):
        with h5py.File(f"{name}.h5", "w", libver="latest") as file:
            layout = h5py.VirtualLayout((12,), "f8")
            layout[:] = h5py.VirtualSource(source, path, (12,))
            file.create_virtual_dataset("v", layout)
    with h5py.File("writing.h5", "w", libver="latest") as file:
        file["x"] = 1
        file.swmr_mode = True
        file.flush()
        shutil.copy("writing.h5", "still_writing.h5")
    with h5py.File("ping.h5", "w") as ping, h5py.File("pong.h5", "w") as pong:
        ping["x"] = pong["x"] = 1.0
        ping["other"] = h5py.ExternalLink("pong.h5", "/other")
        pong["other"] = h5py.ExternalLink("ping.h5", "/other")
        ping["group/up"] = ping["/"]
        ping["group/self"] = ping["group"]


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0xFF]))


# (arguments, exit code, what the line must say)
CASES = [
    # Files, for every command that reads them.
    *[
        (f"{command} {file}{path}", code, fragments)
        for command, path in (("stats", ""), ("tree", ""), ("info", " /x"))
        for file, code, fragments in (
            ("not_there.h5", USAGE, ["'not_there.h5'", "no such file"]),
            ("godo.h5", USAGE, ["did you mean", "'good.h5'"]),
            ("folder", USAGE, ["'folder' is a folder"]),
            ("fifo.h5", USAGE, ["not a regular file"]),
            ("broken.h5", USAGE, ["broken.h5"]),
            ("text.h5", DATA, ["'text.h5' is not an HDF5 file"]),
            ("empty.h5", DATA, ["'empty.h5' is not an HDF5 file", "0 bytes"]),
            ("\x89HDF.h5", DATA, ["HDF.h5"]),
        )
    ],
    ("stats no/*.h5", USAGE, ["no file matches 'no/*.h5'"]),
    ("tree **/x?.h5", USAGE, ["no file matches"]),
    ("stats good.h5 good.h5 text.h5 ping.h5", DATA, ["'text.h5'"]),
    ("tree good.h5 ping.h5 pong.h5 empty.h5", DATA, ["'empty.h5'"]),
    # Datasets.
    ("stats good.h5 -v /atm/temprature", USAGE, ["no dataset '/atm/temprature'", "did you mean '/atm/temperature'"]),
    ("stats good.h5 -v temprature", USAGE, ["no dataset 'temprature'", "did you mean '/atm/temperature'"]),
    ("stats good.h5 -v atm/x*", USAGE, ["matches 'atm/x*'"]),
    ("stats good.h5 -v /atm", USAGE, ["'/atm'", "not a dataset", "/atm/**"]),
    ("stats good.h5 -v /name", USAGE, ["'/name'", "string"]),
    ("stats good.h5 -v /dangling", USAGE, ["'/dangling'", "/not/there"]),
    ("stats good.h5 -v /loop", USAGE, ["'/loop'"]),
    ("stats good.h5 -v /outside", USAGE, ["'/outside'"]),
    ("info good.h5 /atm/temprature", USAGE, ["/atm/temprature", "did you mean '/atm/temperature'"]),
    # Elements.
    *[
        (f"stats corrupt_{name}.h5", DATA, ["chunk (2, 3)", f"'/{name}'", f"'corrupt_{name}.h5'", "[20:30, 30:40]"])
        for name in ("deflate", "fletcher32", "deflate_fletcher32", "scaleoffset")
    ],
    ("stats last_chunk.h5", DATA, ["chunk (2,)", "'/x'"]),
    ("stats unknown_filter.h5", DATA, ["'/x'", "'unknown_filter.h5'", "305"]),
    ("stats beyond.h5", DATA, ["(1099511627776, 1099511627776)"]),
    ("stats virtual_file.h5", DATA, ["'/v'", "'absent.h5'", "not there"]),
    ("stats virtual_path.h5", DATA, ["'/v'", "'absent'", "'good.h5'"]),
    ("stats still_writing.h5", DATA, ["'still_writing.h5'", "open for writing"]),
    # Options.
    ("stats", USAGE, ["name at least one file"]),
    ("stats good.h5 --jsn", USAGE, ["--jsn", "did you mean '--json'"]),
    ("stats good.h5 -v", USAGE, ["variable"]),
    ("stats good.h5 --memory", USAGE, ["memory"]),
    ("stats good.h5 --memory plenty", USAGE, ["'plenty'"]),
    ("stats good.h5 --memory 0", USAGE, ["'0'"]),
    ("stats good.h5 --memory=-5MiB", USAGE, ["'-5MiB'"]),
    ("stats good.h5 --memory 1e30GiB", USAGE, ["'1e30GiB'"]),
    ("stats good.h5 --memory nan", USAGE, ["'nan'"]),
    ("stats good.h5 --memory 1", RESOURCE, ["give at least --memory"]),
    ("stats good.h5 --csv --json", USAGE, ["--csv", "--json"]),
    ("stats huge_chunk.h5 --memory 64MiB", RESOURCE, ["'/x'", "(32, 1048576)", "give at least --memory"]),
    ("--json", USAGE, ["'--json'"]),
    ("sats good.h5", USAGE, ["'sats'", "did you mean 'stats'"]),
    ("tree", USAGE, ["file"]),
    ("tree good.h5 --depth two", USAGE, ["depth"]),
    ("tree good.h5 --style fancy", USAGE, ["fancy"]),
    ("info good.h5", USAGE, []),
    ("info", USAGE, []),
    ("demo-data", USAGE, []),
    ("demo-data a b", USAGE, []),
    ("demo-data new --size much", USAGE, ["'much'"]),
    ("demo-data new --files 0", USAGE, ["files"]),
    ("demo-data new --files some", USAGE, ["files"]),
    ("demo-data text.h5", RESOURCE, ["text.h5"]),
    ("demo-data /proc/none", RESOURCE, ["/proc/none"]),
]


def check_cases(report, xylem):
    cases = [(command.split(" "), code, fragments) for command, code, fragments in CASES]
    cases += [
        ([], USAGE, ["needs a command", "xylem --help"]),
        (["stats", ""], USAGE, ["empty"]),
        (["stats", "two\nlines.h5"], USAGE, ["two\\nlines.h5"]),
        (["stats", "good.h5", "-v", ""], USAGE, ["empty"]),
        (["stats", "good.h5", "-v", "/a\nb"], USAGE, ["/a\\nb"]),
    ]
    cases = [(ranks, *case) for case in cases for ranks in RANKS]
    results = xylem.run_all([(arguments, {"ranks": ranks}) for ranks, arguments, _, _ in cases])
    for (ranks, arguments, code, fragments), result in zip(cases, results):
        check_error(report, result, f"{' '.join(arguments)!r} on {ranks}", code, *fragments)


def check_what_is_good(report, xylem):
    """What looks dangerous and is not."""
    for ranks in RANKS:
        for command in ("stats --json", "tree"):
            check_success(report, xylem.run(*command.split(), "ping.h5", "pong.h5", ranks=ranks), f"cycles, {command}, on {ranks}")
        result = xylem.run("stats", "--json", "exabytes.h5", ranks=ranks)
        if check_success(report, result, f"exabytes on {ranks}"):
            found = {row["path"]: (row["count"], row["sum"], row["max"]) for row in json.loads(result.out)}
            report.check(found == {"/chunked": (2**60, 2.0**61, 2.0), "/contiguous": (2**59, 0.0, 0.0), "/sparse": (2**60, 600.0, 3.0)},
                         f"exabytes on {ranks}: {found}")
        named = [xylem.run("stats", "--json", "good.h5", "-v", name, ranks=ranks) for name in ("temperature", "/atm/temperature")]
        report.check(named[0].code == 0 and named[0].out == named[1].out, f"a dataset by its last name on {ranks}: {named[0]}")
        for path in ("/dangling", "/loop", "/outside", "/alias", "/atm/temperature", "/name"):
            check_success(report, xylem.run("info", "good.h5", path, ranks=ranks), f"info of {path} on {ranks}")
        check_success(report, xylem.run("tree", "exabytes.h5", "beyond.h5", ranks=ranks), f"tree of exabytes on {ranks}")
        check_success(report, xylem.run("tree", "unknown_filter.h5", "corrupt_deflate.h5", ranks=ranks), f"tree of unreadable elements on {ranks}")
        check_success(report, xylem.run("stats", "corrupt_deflate.h5", "-v", "/sound", ranks=ranks), f"a sound dataset of a damaged file on {ranks}")
        refused = xylem.run("stats", "huge_chunk.h5", "--memory", "64MiB", ranks=ranks)
        named = re.search(r"at least --memory (\S+)", refused.err)
        if report.check(named, f"no amount of memory in {refused.err!r}"):
            result = xylem.run("stats", "--json", "huge_chunk.h5", "--memory", named[1], ranks=ranks)
            if check_success(report, result, f"with the memory asked for, {named[1]}, on {ranks}"):
                report.check(json.loads(result.out)[0]["sum"] == 1.0, f"huge chunk on {ranks}: {result.out}")


def check_unwritable(report, xylem):
    # Under mpirun it is the launcher that writes, so the program itself is asked.
    for command in ("stats good.h5", "stats --json good.h5", "tree good.h5", "info good.h5 /atm/pressure", "--help", "stats --help", "demo-data unwritable"):
        with open("/dev/full", "wb") as full:
            check_error(report, xylem.run(*command.split(), ranks=0, stdout=full), f"{command} > /dev/full", RESOURCE, "standard output")
    result = xylem.run("stats", "good.h5", ranks=0, prefix=["sh", "-c", 'exec "$@" >&-', "sh"])
    check_error(report, result, "standard output closed", RESOURCE, "standard output")


def check_speechless(report, xylem, mpiexec):
    """Where standard error is full or closed the message is lost, and nothing else: not the exit code, not a file written."""
    for how in ("2>/dev/full", "2>&-"):
        with open("speechless", "w") as script:
            script.write(f'#!/bin/sh\nexec "{xylem.program}" "$@" {how}\n')
        os.chmod("speechless", 0o755)
        quiet = Xylem("speechless", mpiexec)
        cases = [("stats good.h5 --verbose", 0), ("stats ping.h5 pong.h5", 0), ("tree good.h5", 0), ("stats not_there.h5", USAGE), ("sats", USAGE),
                 ("stats corrupt_deflate.h5", DATA), ("stats last_chunk.h5", DATA), ("stats good.h5 --memory 1", RESOURCE)]
        cases = [(ranks, *case) for case in cases for ranks in (0, *RANKS)]
        for (ranks, command, code), result in zip(cases, quiet.run_all([(command.split(), {"ranks": ranks}) for ranks, command, _ in cases])):
            what = f"{command} {how} on {ranks}"
            report.check((result.code, result.hung, result.left) == (code, False, []), f"{what}: {result}")
            expected = xylem.run(*command.split(), ranks=ranks).out if code == 0 else b""
            report.check(result.out == expected, f"{what}: standard output has {result.out[:300]!r}")
        for ranks in (0, *RANKS):
            folder = f"speechless_{ranks}"
            result = quiet.run("demo-data", folder, "--size", "100KiB", "--overwrite", ranks=ranks)
            report.check(result.code == 0, f"demo-data {how} on {ranks}: {result}")
            files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
            check_success(report, xylem.run("stats", *files), f"stats of what demo-data {how} wrote on {ranks}")


def check_permissions(report, program, mpiexec):
    """Files and folders that this user may not read; root may read all, so root's test runs as nobody."""
    with tempfile.TemporaryDirectory() as folder:  # not below the scratch folder, which nobody may not reach
        os.chmod(folder, 0o755)
        os.chdir(folder)
        prefix = []
        if os.geteuid() == 0:
            if shutil.which("setpriv") is None:
                print("SKIPPED: permissions, for root may read all and setpriv is not there")
                return
            program = shutil.copy(program, "xylem")
            prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/tmp"]
        xylem = Xylem(program, mpiexec)
        os.makedirs("closed/sub")
        for path in ("file.h5", "closed/file.h5", "closed/sub/file.h5"):
            with h5py.File(path, "w") as file:
                file["x"] = 1
        os.chmod("file.h5", 0)
        os.chmod("closed", 0)
        os.mkdir("read_only", 0o555)
        cases = [(["stats", pattern], ["closed", "ermission"]) for pattern in ("closed/*.h5", "closed/sub/*.h5", "clos*/sub/*.h5")]
        cases.append((["demo-data", "read_only/new"], ["read_only"]))
        for path, fragments in (("file.h5", ["'file.h5'"]), ("closed/file.h5", ["closed/file.h5", "ermission"])):
            cases += [(command.format(path).split(), fragments) for command in ("stats {}", "tree {}", "info {} /x")]
        cases = [(ranks, *case) for case in cases for ranks in RANKS]
        results = xylem.run_all([(arguments, {"ranks": ranks, "prefix": prefix}) for ranks, arguments, _ in cases])
        for (ranks, arguments, fragments), result in zip(cases, results):
            check_error(report, result, f"{' '.join(arguments)} without permission on {ranks}", RESOURCE, *fragments)
        os.chmod("closed", 0o755)
        os.chdir("/")


def check_truncated(report, xylem):
    """A file cut anywhere is an error that says so, never a hang or a crash."""
    with h5py.File("whole.h5", "w") as file:
        file.create_dataset("a/chunked", data=np.arange(3000.0).reshape(50, 60), chunks=(10, 10), compression="gzip")
        file["b/contiguous"] = np.arange(500)
        file["b/contiguous"].attrs["units"] = "K"
    with open("whole.h5", "rb") as file:
        whole = file.read()
    offsets = sorted({1, 7, 8, 9, 40, 96, 512, 800, 2048, len(whole) // 2, len(whole) - 1, *np.random.default_rng(4).integers(1, len(whole), 12).tolist()})
    runs = []
    for i, offset in enumerate(offsets):
        with open(f"cut_{offset}.h5", "wb") as file:
            file.write(whole[:offset])
        runs += [(offset, [command, f"cut_{offset}.h5"], RANKS[i % 2]) for command in ("stats", "tree")[: 1 + i % 2]]
    for (offset, arguments, _), result in zip(runs, xylem.run_all([(arguments, {"ranks": ranks}) for _, arguments, ranks in runs])):
        what = f"{arguments[0]} of a file cut at {offset} of {len(whole)}"
        check_error(report, result, what, DATA, f"cut_{offset}.h5", *(["truncated"] if offset > 96 else []))


def main():
    program, mpiexec, scratch = sys.argv[1:]
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    report, xylem = Report(), Xylem(program, mpiexec)
    make_files()
    check_cases(report, xylem)
    check_what_is_good(report, xylem)
    check_unwritable(report, xylem)
    check_speechless(report, xylem, mpiexec)
    check_truncated(report, xylem)
    check_permissions(report, xylem.program, mpiexec)
    report.finish()


main()
