"""Every task: the command of ours, the program that stands for the limit, and the peers."""
import json
import os
import re

from .measure import Program, Task
from .peers import from_file

MEMORY = "64MiB"  # what a rank of xylem may use beyond an idle process, in all tasks
LEVEL = "4"  # of deflate
FOUR = ("mean", "std", "min", "max")
EXPRESSIONS = {
    "mean": {"mean": "mean(t)"},
    "time_mean": {"mean": "mean(t, time)"},
    "four": {name: f"{name}(t)" for name in FOUR},
    "five": {name: f"{name}(t)" for name in (*FOUR, "count")},
    "time_std": {"std": "std(t, time)"},
    "step_means": {"mean": "mean(t, y, x)"},
    "speed": {"mean": "mean(sqrt(u^2 + v^2))"},
}
TITLES = {
    "mean": "global mean",
    "time_mean": "mean over time",
    "four": "mean, std, min, max together",
    "time_std": "std over time",
}


class Commands:
    """The command lines of ours."""

    def __init__(self, build, mpiexec, ranks, data):
        self.build, self.data = build, data
        self.mpirun = [mpiexec, "-n", str(ranks)]
        self.one_rank = [mpiexec, "-n", "1"]
        self.xylem = os.path.join(build, "drivers", "xylem")

    def limit(self, name, program, *arguments, answer=lambda run: {}, **more):
        path = os.path.join(self.build, "bench", "bench_" + program)
        return Program(name, [*self.mpirun, path, *map(str, arguments)], answer, own=True, **more)

    def reduce(self, key, operation, source, *options):
        out = os.path.join(self.data.results, key.replace("/", "_") + "-xylem.nc")
        expressions = EXPRESSIONS[operation]
        asked = [part for result, text in expressions.items() for part in ("-e", f"{result}={text}")]
        command = [*self.mpirun, self.xylem, "reduce", source, *asked, "-o", out, "--memory", MEMORY, *options]
        return Program("xylem", command, from_file(out, expressions), own=True, output=out)


def start_tasks(commands, peers):
    """What starting takes, and what the memory gives."""
    nothing = os.path.join(commands.data.results, "nothing.extents")
    with open(nothing, "w", encoding="ascii") as file:
        file.write("0 0\n")
    own = [Program("xylem", [*commands.mpirun, commands.xylem, "--version"], own=True),
           commands.limit("limit programs", "memory_sum", 1 << 16),
           commands.limit("bare programs", "pread_sum", commands.data.plain, nothing)]
    memory = commands.limit("memory sum", "memory_sum", min(commands.data.size, 1 << 30),
                            seconds=lambda run: json.loads(run.stdout)["seconds"])
    return [Task("start", "start", [], own + [Program(name, command) for name, command in peers.starts().items()]),
            Task("memory", "sum of memory", [], [memory])]


def field_tasks(commands, peers, kind):
    """The field, uncompressed or compressed, in large and in tiny chunks."""
    data = commands.data
    large, tiny = {"uncompressed": (data.plain, data.plain_tiny), "deflate": (data.deflate, data.deflate_tiny)}[kind]

    def task(key, title, operation, path, chunk=None, with_peers=True, options=()):
        limits = [] if chunk is None else [_limit(commands, kind, path, chunk)]
        others = peers.programs(key, operation, path) if with_peers else []
        return Task(key, title, [path], [commands.reduce(key, operation, path, *options), *limits, *others])

    tasks = [task(f"{operation}/{kind}", f"{title}, {kind}", operation, large, 1 << 20) for operation, title in TITLES.items()]
    tasks += [
        task(f"mean/{kind}/tiny", f"global mean, {kind}, 64 KiB chunks", "mean", tiny, 64 << 10),
        task(f"time_mean/{kind}/tiny", f"mean over time, {kind}, 64 KiB chunks", "time_mean", tiny, with_peers=False),
        task(f"five/{kind}", f"mean, std, min, max, count together, {kind}", "five", large, with_peers=False),
        task(f"fast/{kind}", f"global mean with --sum fast, {kind}", "mean", large, with_peers=False, options=("--sum", "fast")),
    ]
    if kind == "uncompressed":
        tasks.append(task("mean/contiguous", "global mean, contiguous", "mean", data.contiguous, 1 << 20, with_peers=False))
    return tasks


def _limit(commands, kind, path, chunk_bytes):
    if kind == "uncompressed":
        return commands.limit("pread and sum", "pread_sum", path, path + ".extents", answer=_overall)
    decode = commands.limit("decode alone", "decode", path, path + ".extents", chunk_bytes, answer=_overall)
    decode.check_command = [*decode.command, "mean"]  # in the uncounted round, to see that it finds the right elements
    return decode


def _overall(run):
    found = json.loads(run.stdout)
    return {"overall mean": found["mean"]} if "mean" in found else {}


def many_files_tasks(commands, peers):
    data = commands.data
    key = "step_means/many"
    bare = commands.limit("bare HDF5", "many_files", data.many, "t", answer=lambda run: json.loads(run.stdout))
    return [Task(key, f"{data.many_count:,} files, mean per time step", [data.many], [
        commands.reduce(key, "step_means", os.path.join(data.many, "*.h5")), bare, *peers.programs(key, "step_means", data.many)])]


def wind_tasks(commands, peers):
    loop = commands.limit("fused loop", "fused_loop", commands.data.wind, answer=lambda run: {"mean": json.loads(run.stdout)["mean"]}, tolerance=1e-6)
    return [Task("speed", "mean(sqrt(u^2 + v^2))", [commands.data.wind], [commands.reduce("speed", "speed", commands.data.wind), loop])]


def scan_tasks(commands, peers):
    """Opening many small files, on one rank, on two, and through an index. What opening takes counts, not the process."""
    files, index = os.path.join(commands.data.scan, "*.h5"), os.path.join(commands.data.results, "scan.index")

    def opened(run):
        return float(re.search(r"files in ([0-9.]+) s", run.stderr).group(1))

    def tree(name, ranks, *options):
        return Program(name, [*ranks, commands.xylem, "tree", files, "--depth", "0", "-V", *options], own=True, seconds=opened,
                       answer=lambda run: {"files": int(re.search(r"([0-9]+) files in", run.stderr).group(1))})
    make = Program("make the index", [*commands.mpirun, commands.xylem, "index", files, "-o", index], own=True)
    return [Task("scan", f"opening {commands.data.scan_count:,} small files", [commands.data.scan], [
        tree("xylem", commands.mpirun, "--no-index"), tree("xylem, 1 rank", commands.one_rank, "--no-index"), make,
        tree("xylem, index", commands.mpirun, "--index", index)])]


def write_tasks(commands, peers):
    """A field as large as its data, compressed."""
    data = commands.data
    plain, out, repacked = (os.path.join(data.results, name) for name in ("field.nc", "field-deflate.nc", "field-h5repack.nc"))
    reduce = [*commands.mpirun, commands.xylem, "reduce", data.plain, "-e", "field = t - 273.15", "--memory", MEMORY, "-o"]
    contiguous = Program("xylem, contiguous", [*reduce, plain, "--overwrite"], own=True)  # first: the others read its output
    ours = Program("xylem", [*reduce, out, "--deflate", LEVEL], _file_mean(out), own=True, output=out)
    misaligned = Program("xylem, misaligned chunks", [*reduce, out, "--deflate", LEVEL, "--chunks", "3,300,300"], _file_mean(out), own=True, output=out)
    alone = commands.limit("libdeflate alone", "deflate", plain, LEVEL, 1 << 20)
    programs = [contiguous, ours, misaligned, alone]
    if peers.has("h5repack"):
        programs.append(Program("h5repack", ["h5repack", "-f", "field:SHUF", "-f", f"field:GZIP={LEVEL}", "-l", "field:CHUNK=1x512x512", plain, repacked],
                                _file_mean(repacked), output=repacked))
    return [Task("write", "writing a field with deflate", [data.plain], programs, uncounted=False)]


def _file_mean(path):
    """Of some steps of a written field."""
    def read(run):
        import h5py

        with h5py.File(path) as file:
            field = file["field"]
            return {"mean": [field[step].mean(dtype="f8") for step in range(0, field.shape[0], max(1, field.shape[0] // 16))]}
    return read


# In this order; the tasks of a group take turns with each other.
GROUPS = (
    start_tasks,
    lambda commands, peers: field_tasks(commands, peers, "uncompressed"),
    lambda commands, peers: field_tasks(commands, peers, "deflate"),
    many_files_tasks,
    wind_tasks,
    scan_tasks,
    write_tasks,
)
