"""Where the time of a run of xylem goes, from its run report."""
import json
import os

from . import measure

NAMES = ("start", "load, plan", "read", "decode", "evaluate", "merge", "write", "rest")


def measure_stages(tasks, folder):
    """Runs each `xylem reduce` once more with --report: {task key: seconds by stage}, the mean of the ranks."""
    return {task.key: _stages(task, folder) for task in tasks if "reduce" in task.programs[0].command or task.key == "write"}


def _stages(task, folder):
    program = task.program("xylem")
    path = os.path.join(folder, "report.json")
    if program.output and os.path.exists(program.output):
        os.remove(program.output)
    done = measure.run([*program.command, "--report", path], measure.environment_of(program))
    if done.code != 0:
        raise measure.Failed(f"{task.title}: with --report: {done.stderr.strip()[-400:]}")
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    stages = {stage["name"]: stage["seconds"] for stage in report["stages"]}
    ranks = report["rank_times"]

    def mean(name):
        return sum(rank[name] for rank in ranks) / len(ranks)

    found = {
        "start": done.seconds - report["seconds"],
        "load, plan": stages.get("load", 0) + stages.get("plan", 0),
        "read": mean("read") - mean("decode"),
        "decode": mean("decode"),
        "evaluate": mean("evaluate"),
        "merge": mean("merge"),
        "write": mean("write") + stages.get("create", 0) + stages.get("write", 0),
    }
    found["rest"] = done.seconds - sum(found.values())
    return {**{name: round(found[name], 4) for name in NAMES}, "whole": round(done.seconds, 4), "forecast_bytes": report["memory"]["forecast"]}
