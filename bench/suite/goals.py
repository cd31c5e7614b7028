"""The goals, as data. Each holds xylem's time in one task against another program's, or against its own in another task."""
import dataclasses

import numpy

from .tasks import MEMORY


BARE = ("pread and sum", "bare HDF5")  # these start MPI as any program does, the other limits as xylem does


@dataclasses.dataclass
class Goal:
    task: str
    against: str  # a program of the task, the fastest whose name begins so; or "task: program"
    factor: float
    sense: str  # "at most": ours over the other's time; "at least": the other's over ours
    program: str = "xylem"  # ours

    def wanted(self):
        return f"{self.sense} {self.factor:g}"


def at_most(factor, against, *tasks):
    return [Goal(task, against, factor, "at most") for task in tasks]


def at_least(task, **factors):
    """Against peers; `dask` is the faster of its two forms."""
    names = {"CDO": "CDO", "NCO": "NCO", "mpi4py": "mpi4py", "h5py": "h5py", "dask": "xarray+dask"}
    return [Goal(task, names[name], factor, "at least") for name, factor in factors.items()]


COMPRESSED = {"dask": 4, "CDO": 4, "NCO": 4, "h5py": 4, "mpi4py": 2}
MEAN_PEERS = {"CDO": 1.8, "NCO": 2.5, "mpi4py": 2.5, "h5py": 3.5, "dask": 6}

GOALS = [
    *at_most(1.25, "pread and sum", "mean/uncompressed", "mean/contiguous"),
    *at_least("mean/uncompressed", **MEAN_PEERS),
    *at_most(1.3, "pread and sum", "time_mean/uncompressed"),
    *at_least("time_mean/uncompressed", CDO=1.6, NCO=2, mpi4py=2, dask=5),
    *at_most(1.35, "pread and sum", "four/uncompressed"),
    *at_least("four/uncompressed", mpi4py=5, NCO=8, dask=8, h5py=8, CDO=15),
    *at_most(1.5, "pread and sum", "time_std/uncompressed"),
    *at_least("time_std/uncompressed", CDO=1.5, mpi4py=2.5, dask=5),
    *[goal for name in ("mean", "time_mean", "four", "time_std") for goal in (
        Goal(f"{name}/deflate", "decode alone", 0.9, "at least"), *at_least(f"{name}/deflate", **COMPRESSED))],
    *[Goal(f"{name}/{kind}/tiny", f"{name}/{kind}: xylem", 1.15, "at most") for kind in ("uncompressed", "deflate") for name in ("mean", "time_mean")],
    *at_least("mean/uncompressed/tiny", **MEAN_PEERS),
    *at_least("mean/deflate/tiny", **COMPRESSED),
    *at_most(1.3, "bare HDF5", "step_means/many"),
    *at_least("step_means/many", dask=4, CDO=2, NCO=2),
    # Several results in one pass; exact sums; a fused expression.
    *[Goal(f"five/{kind}", f"mean/{kind}: xylem", 1.3, "at most") for kind in ("uncompressed", "deflate")],
    Goal("mean/uncompressed", "fast/uncompressed: xylem", 1.2, "at most"),
    Goal("mean/deflate", "fast/deflate: xylem", 1.05, "at most"),
    *at_most(1.3, "fused loop", "speed"),
    # Opening many files; writing.
    *at_most(0.6, "xylem, 1 rank", "scan"),
    Goal("scan", "xylem", 0.05, "at most", program="xylem, index"),
    # "Bound by compression" is read as: compressing alone takes at least 0.8 of our time.
    Goal("write", "libdeflate alone", 0.8, "at least"),
    Goal("write", "h5repack", 2, "at least"),
]


def evaluate(tasks):
    """What became of each goal, and of the memory limit, as dictionaries. A goal whose other program is not there is not judged."""
    tasks = {task.key: task for task in tasks}
    starts = {program.name: program.median() for program in tasks["start"].programs if program.runs}
    return [_evaluate(goal, tasks, starts) for goal in GOALS] + _evaluate_memory(tasks)


def _find(goal, tasks):
    """The program that a goal is against, the fastest of its name; None where it has not run."""
    key, _, name = goal.against.rpartition(": ")
    candidates = [program for program in tasks[key or goal.task].programs if program.runs and (
        program.name == name if key or name.startswith("xylem") else program.name.startswith(name))]
    return min(candidates, key=lambda program: program.median(), default=None)


def _evaluate(goal, tasks, starts):
    task = tasks[goal.task]
    key = goal.against.rpartition(": ")[0]
    title = task.title if goal.program == "xylem" else task.title + goal.program.removeprefix("xylem")
    result = {"task": goal.task, "title": title, "against": goal.against, "wanted": goal.wanted(), "factor": goal.factor, "sense": goal.sense,
              "measured": None, "met": None}
    other = _find(goal, tasks)
    if other is None:
        return result
    ours = task.program(goal.program)
    ratio = (lambda a, b: a / b) if goal.sense == "at most" else (lambda a, b: b / a)
    seconds, others = ours.median(), other.median()
    measured = ratio(seconds, others)
    result.update(program=other.name if not key else f"{tasks[key].title}", seconds=seconds, other_seconds=others, measured=measured,
                  met=bool(measured <= goal.factor if goal.sense == "at most" else measured >= goal.factor))
    if goal.task != "scan":  # which says its time without start already
        start = starts["xylem"]
        other_start = start if other.name.startswith("xylem") else starts.get(
            other.name, 0 if other.name == "h5repack" else starts["bare programs" if other.name in BARE else "limit programs"])
        if seconds - start > 0.02 and others - other_start > 0.02:
            result["without_start"] = ratio(seconds - start, others - other_start)
    return result


def _evaluate_memory(tasks):
    """Peak resident memory of the largest process of ours: within the limit, and below every peer's."""
    idle = tasks["start"].program("xylem").peak_rss()
    limit = int(MEMORY.removesuffix("MiB")) << 20
    measured = {task.key: task for task in tasks.values() if task.key != "start" and any("reduce" in program.command for program in task.programs)}
    over = max((task.program("xylem").peak_rss() - idle) / limit for task in measured.values())
    results = [{"task": "memory", "title": "peak memory above an idle process, all tasks", "against": f"the limit given, {MEMORY}", "wanted": "at most 1",
                "factor": 1, "sense": "at most", "measured": over, "met": bool(over <= 1), "program": "limit"}]
    peers = ("CDO", "NCO", "mpi4py", "h5py", "xarray+dask")
    for name in peers:
        ratios = [min(program.peak_rss() for program in found) / task.program("xylem").peak_rss() for task in measured.values()
                  if (found := [program for program in task.programs if program.runs and program.name.startswith(name)])]
        least = float(numpy.min(ratios)) if ratios else None
        results.append({"task": "memory", "title": "peak memory of the largest process, all tasks", "against": name, "wanted": "at least 1", "factor": 1,
                        "sense": "at least", "measured": least, "met": None if least is None else least >= 1, "program": name})
    return results
