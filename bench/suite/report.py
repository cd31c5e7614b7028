"""What is written of a run: JSON, and the part of docs/performance.md between its markers."""
import datetime
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess

from . import stages
from .tasks import MEMORY

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCS = os.path.join(ROOT, "docs")
BEGIN, END = "<!-- bench/run writes from here -->", "<!-- to here -->"
COLUMNS = ("limit", "CDO", "NCO", "mpi4py", "h5py", "xarray+dask")


def build(arguments, data, peers, tasks, by_stage, goals, seconds):
    """The whole report, for JSON."""
    return {
        "benchmark": "xylem bench/run", "command": arguments.command, "date": datetime.date.today().isoformat(), "seconds": round(seconds, 1),
        "commit": _output("git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"), "machine": _machine(), "versions": _versions(arguments),
        "ranks": arguments.ranks, "repeats": arguments.repeats, "budget_seconds": arguments.budget, "field_bytes": data.size, "memory_limit": MEMORY,
        "peers": arguments.peers, "missing_peers": peers.missing,
        "tasks": [{"key": task.key, "title": task.title, "programs": [_program(program) for program in task.programs]} for task in tasks],
        "stages": by_stage, "goals": goals,
    }


def _program(program):
    """A program's figures."""
    if not program.runs:
        return {"name": program.name, "command": " ".join(program.command), "failure": program.failure}
    return {"name": program.name, "command": " ".join(program.command), "seconds": round(program.median(), 6),
            "all_seconds": [round(program.seconds(run), 4) for run in program.runs],
            "cpu_seconds": round(sorted(run.cpu_seconds for run in program.runs)[len(program.runs) // 2], 3), "peak_rss_bytes": program.peak_rss()}


def _output(*command, whole=False):
    """The first line that a command prints, or all in one; or "not there"."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return ", ".join(line.strip() for line in lines) if whole else next(iter(lines), "")


def _machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.processor(), "cores": len(os.sched_getaffinity(0)), "load_at_end": os.getloadavg()[0],
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "system": platform.platform()}


def _versions(arguments):
    versions = {"xylem": _output(os.path.join(arguments.build, "drivers", "xylem"), "--version", whole=True), "MPI": _output(arguments.mpiexec, "--version"),
                "python": platform.python_version()}
    if arguments.peers_python:
        versions.update({"CDO": _output("cdo", "--version"), "NCO": _output("ncra", "--version"), "h5repack": _output("h5repack", "--version")})
        with open(os.path.join(ROOT, "bench", "requirements.txt"), encoding="utf-8") as file:
            names = re.findall(r"^(\w[\w.-]*)==", file.read(), re.MULTILINE)
        versions.update({name: importlib.metadata.version(name) for name in names})
    return versions


def write_docs(text, plot):
    """Puts the results into docs/performance.md."""
    path = os.path.join(DOCS, "performance.md")
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")
    shutil.copyfile(plot, os.path.join(DOCS, "performance.svg"))


def summary(outcome):
    """Each goal in a line."""
    judged = [goal for goal in outcome["goals"] if goal["met"] is not None]
    lines = [f"{_verdict(goal):6}  {goal['title']}: {_against(goal)}: {_number(goal['measured'])} (wanted: {goal['wanted']})" for goal in judged]
    return "\n".join([*lines, f"{sum(goal['met'] for goal in judged)} of {len(judged)} goals met; not measured: {len(outcome['goals']) - len(judged)}"])


def _verdict(goal):
    return {True: "met", False: "MISSED", None: "-"}[goal["met"]]


def _number(value):
    return "not measured" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _against(goal):
    """What a ratio is to."""
    if goal["against"].endswith(": xylem"):
        return "time over that of " + goal["program"] if "program" in goal else goal["against"]
    return ("over " if goal["sense"] == "at most" else "to ") + goal.get("program", goal["against"])


def markdown(outcome):
    """All tables."""
    return "\n".join([_environment(outcome), _verdicts(outcome), _goals_table(outcome), _other_goals(outcome), _missed(outcome), _seconds(outcome),
                      _stages(outcome), _memory(outcome)])


def _table(header, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows]) + "\n"


def _environment(outcome):
    machine, versions = outcome["machine"], dict(outcome["versions"])
    named = ", ".join(f"{name} {text}" if name.lower() not in text.lower() else text for name, text in versions.items())
    lines = [f"`{outcome['command']}` on {outcome['date']}, commit {outcome['commit']}, {outcome['ranks']} ranks, "
             f"{outcome['seconds'] / 60:.0f} minutes. {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
             f"{machine['system']}; load at the end {machine['load_at_end']:.1f}. A field of {outcome['field_bytes'] >> 20:,} MiB, `--memory {outcome['memory_limit']}`; "
             f"medians of up to {max(1, outcome['repeats'])} runs (the number is in the JSON).",
             "", f"Sums of what is in memory: {_memory_rate(outcome):.0f} GB/s on all ranks together.", "", f"Versions: {named}.", ""]
    lines += [f"Not measured: {name} ({why}).\n" for name, why in outcome["missing_peers"].items()]
    lines += [f"Failed: {program['name']} in {task['title']} ({program['failure'].splitlines()[0] if program['failure'] else 'no reason'}).\n"
              for task in outcome["tasks"] for program in task["programs"] if program.get("failure")]
    return "\n".join(lines)


def _memory_rate(outcome):
    """GB/s of the program memory_sum."""
    program = next(task for task in outcome["tasks"] if task["key"] == "memory")["programs"][0]
    return int(program["command"].split()[-1]) / program["seconds"] / 1e9


def _verdicts(outcome):
    judged = [goal for goal in outcome["goals"] if goal["met"] is not None]
    missed = [goal for goal in judged if not goal["met"]]
    return f"**{len(judged) - len(missed)} of {len(judged)} goals are met, {len(missed)} are missed.**\n"


def _column(goal):
    return goal["against"] if goal["against"] in COLUMNS else "limit" if ":" not in goal["against"] else None


def _cell(goal):
    """Measured (wanted)."""
    sign = "<=" if goal["sense"] == "at most" else ">="
    text = f"{_number(goal['measured'])} ({sign} {goal['factor']:g})"
    return f"**MISSED {text}**" if goal["met"] is False else text


def _goals_table(outcome):
    """The tasks that have limits and peers."""
    rows = []
    titles = {goal["task"]: goal["title"] for goal in outcome["goals"] if goal["task"] not in ("memory", "scan", "write", "speed")}
    for key, title in titles.items():
        goals = {_column(goal): goal for goal in outcome["goals"] if goal["task"] == key and _column(goal)}
        limit = goals.get("limit")
        if goals:
            name = f", {limit['against']}" if limit else ""
            rows.append([title + name, *[_cell(goals[column]) if column in goals else "" for column in COLUMNS]])
    text = ("Ratios of whole processes (wanted). `limit`: our time over that of reading (`pread and sum`, `bare HDF5`), or the time of `decode alone` over ours. "
            "Peers: their time over ours; of two forms of a peer the faster.\n")
    return "\n".join([text, _table(["task, limit", *COLUMNS], rows), "![Seconds of each program by task](performance.svg)\n"])


def _missed(outcome):
    rows = []
    for goal in outcome["goals"]:
        if goal["met"] is not False:
            continue
        found = outcome["stages"].get(goal["task"])
        where = ", ".join(f"{name} {found[name]:.2f}" for name in stages.NAMES if abs(found[name]) >= 0.005) if found else ""
        times = f"{goal['seconds']:.2f} s, {goal['other_seconds']:.2f} s" if "seconds" in goal else ""
        rows.append([goal["title"], _against(goal), f"{_number(goal['measured'])} ({goal['wanted']})",
                     _number(goal["without_start"]) if "without_start" in goal else "", times, where])
    header = ["missed", "against", "measured (wanted)", "without start", "ours, other", "where our time goes (s)"]
    text = "What is missed, and where the time goes (one more run, the mean of the ranks; `merge` is waiting for the other rank too):\n\n"
    return text + _table(header, rows) if rows else ""


def _other_goals(outcome):
    rows = [[goal["title"], _against(goal), f"{_number(goal['measured'])}", goal["wanted"], _verdict(goal),
             _number(goal["without_start"]) if "without_start" in goal else ""]
            for goal in outcome["goals"] if _column(goal) is None or goal["task"] in ("memory", "scan", "write", "speed")]
    return "The other goals:\n\n" + _table(["task", "ratio", "measured", "wanted", "", "without start"], rows)


def _seconds(outcome):
    """Of all programs."""
    names = list(dict.fromkeys(program["name"] for task in outcome["tasks"] for program in task["programs"]))
    peers = [name for name in names if name.startswith(("CDO", "NCO", "mpi4py", "h5py", "xarray"))]
    rows = []
    for task in outcome["tasks"]:
        found = {program["name"]: program for program in task["programs"] if "seconds" in program}
        others = "; ".join(f"{name} {program['seconds']:.2f}" for name, program in found.items() if name != "xylem" and name not in peers)
        rows.append([task["title"], f"{found['xylem']['seconds']:.2f}" if "xylem" in found else "", others,
                     *[f"{found[name]['seconds']:.2f}" if name in found else "" for name in peers]])
    return "Seconds of whole processes (of opening files: what opening took; of the sum of memory: the sum alone):\n\n" + _table(
        ["task", "xylem", "limits and others", *peers], rows)


def _stages(outcome):
    titles = {task["key"]: task["title"] for task in outcome["tasks"]}
    rows = [[titles[key], *[f"{found[name]:.2f}" for name in (*stages.NAMES, "whole")]] for key, found in outcome["stages"].items()]
    return "Where xylem's time goes: seconds of one more run, from its run report, the mean of the ranks; `start` is mpirun, MPI and Kokkos until the program's own clock, `merge` waits for the other rank, `rest` is what no stage counts:\n\n" + _table(
        ["task", *stages.NAMES, "whole"], rows)


def _memory(outcome):
    rows = []
    names = ["xylem", *dict.fromkeys(program["name"] for task in outcome["tasks"] for program in task["programs"]
                                     if program["name"].startswith(("CDO", "NCO", "mpi4py", "h5py", "xarray")))]
    for task in outcome["tasks"]:
        found = {program["name"]: program["peak_rss_bytes"] >> 20 for program in task["programs"] if "seconds" in program}
        if len(found) > 1:
            rows.append([task["title"], *[str(found.get(name, "")) for name in names]])
    return "Peak resident MiB of the largest process (`start`: an idle one):\n\n" + _table(["task", *names], rows)
