"""python -m suite ARGUMENTS: what bench/run starts once all is built; ARGUMENTS is its options as JSON."""
import argparse
import json
import os
import sys
import time

from . import data as files
from . import goals, measure, plot, report, stages, tasks
from .peers import Peers


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_groups(arguments, data, commands, peers):
    """All tasks, measured, and the stages of ours."""
    done, by_stage = [], {}
    for group in tasks.GROUPS:
        members = group(commands, peers)
        measure.measure(members, arguments.repeats, arguments.budget, files.warm, say)
        by_stage.update(stages.measure_stages(members, data.results))
        done += members
    return done, by_stage


def main():
    arguments = argparse.Namespace(**json.loads(sys.argv[1]))
    started = time.time()
    data = files.Data(arguments.data, arguments.size)
    data.make(say)
    commands = tasks.Commands(arguments.build, arguments.mpiexec, arguments.ranks, data)
    peers = Peers(commands, data, arguments.peers_python, arguments.peers)
    try:
        done, by_stage = run_groups(arguments, data, commands, peers)
    except measure.Failed as error:
        sys.exit(f"bench/run: {error}")
    outcome = report.build(arguments, data, peers, done, by_stage, goals.evaluate(done), time.time() - started)
    os.makedirs(arguments.out, exist_ok=True)
    text = report.markdown(outcome)
    with open(os.path.join(arguments.out, "results.json"), "w", encoding="utf-8") as file:
        json.dump(outcome, file, indent=1)
    with open(os.path.join(arguments.out, "results.md"), "w", encoding="utf-8") as file:
        file.write(text)
    if arguments.peers_python:
        plot.draw(outcome, os.path.join(arguments.out, "performance.svg"))
    if arguments.docs:
        report.write_docs(text, os.path.join(arguments.out, "performance.svg"))
    print(report.summary(outcome))
    say(f"bench/run: {outcome['seconds'] / 60:.1f} minutes; results are in {arguments.out}")


main()
