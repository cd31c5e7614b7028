"""Runs programs in turn and measures whole processes: wall and CPU seconds, and the peak resident memory of the largest process."""
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import typing

import numpy

SPAWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spawn.py")


@dataclasses.dataclass
class Run:
    """One run of a command."""

    seconds: float
    cpu_seconds: float  # of all its processes
    peak_rss: int  # bytes, of its largest process, as the kernel counted them
    stdout: str
    stderr: str
    code: int


@dataclasses.dataclass
class Program:
    """A command that does a task, and how its answer is found."""

    name: str
    command: list
    answer: typing.Callable = lambda run: {}  # (Run) -> {name: numbers}
    tolerance: float = 1e-9  # of its answers, relative to the largest number of each
    own: bool = False  # xylem or a limit: it must not fail, and gets all repeats
    seconds: typing.Callable = lambda run: run.seconds  # what counts; nearly always the whole process
    environment: dict = dataclasses.field(default_factory=dict)
    check_command: list = None  # in the uncounted round, where the command itself says too little of its answer
    output: str = ""  # removed before each run, so that no answer is an old one
    runs: list = dataclasses.field(default_factory=list)
    failure: str = ""

    def median(self):
        return statistics.median(self.seconds(run) for run in self.runs)

    def peak_rss(self):
        return max(run.peak_rss for run in self.runs)


@dataclasses.dataclass
class Task:
    """What several programs do with the same files."""

    key: str
    title: str
    files: list  # warmed before each round
    programs: list
    uncounted: bool = True  # a round first in which programs of our own run and are not counted
    reference: dict = None  # the first answer

    def program(self, name):
        return next(program for program in self.programs if program.name == name)


class Failed(Exception):
    """A program failed, or does not find the same as the others."""


def run(command, environment):
    """The Run of a command, by spawn.py."""
    with tempfile.TemporaryDirectory() as folder:
        report, out, err = (os.path.join(folder, name) for name in ("report", "stdout", "stderr"))
        with open(out, "w", encoding="utf-8") as stdout, open(err, "w", encoding="utf-8") as stderr:
            subprocess.run([sys.executable, "-I", "-S", SPAWN, report, *command], env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
                           stderr=stderr, check=True)
        with open(report, encoding="ascii") as file:
            figures = json.load(file)
        texts = [open(path, encoding="utf-8", errors="replace").read() for path in (out, err)]
        return Run(figures["seconds"], figures["cpu_seconds"], figures["peak_rss"], *texts, figures["code"])


def environment_of(program):
    """For a program; None takes a variable away."""
    return {name: value for name, value in {**base_environment(), **program.environment}.items() if value is not None}


def base_environment():
    """For every program: this process's, without what was set for other machines' numpy, and one OpenMP thread a rank."""
    environment = {name: value for name, value in os.environ.items() if name not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    environment.update({"OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMPI_MCA_rmaps_base_oversubscribe": "1"})
    if os.geteuid() == 0:
        environment.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    return environment


def run_once(program, task, check=False):
    """A Run of the program, its answer held against the task's first; None where it failed and may."""
    if program.output and os.path.exists(program.output):
        os.remove(program.output)
    done = run(program.check_command if check and program.check_command else program.command, environment_of(program))
    if done.code != 0:
        program.failure = f"exit code {done.code}: {done.stderr.strip()[-400:]}"
        if program.own:
            raise Failed(f"{task.title}: {program.name}: {program.failure}; its command: {' '.join(program.command)[:600]}")
        return None
    try:
        _compare(task, program, program.answer(done))
    except (Failed, OSError, KeyError, ValueError) as error:  # a peer that is wrong is out, and named
        program.failure = f"wrong or no answer: {error}"
        program.runs.clear()
        if program.own:
            raise Failed(f"{task.title}: {program.name}: {program.failure}; its command: {' '.join(program.command)[:600]}") from error
        return None
    return done


def _compare(task, program, answers):
    """A reader that skips work must not win."""
    if task.reference is None:
        task.reference = dict(answers)
        if "mean" in answers:
            task.reference["overall mean"] = numpy.mean(answers["mean"])
    for name, found in answers.items():
        if name not in task.reference:
            continue
        found, expected = (numpy.asarray(values, "f8").squeeze() for values in (found, task.reference[name]))
        if found.shape != expected.shape:
            raise Failed(f"{name} has the shape {found.shape}, and by {task.programs[0].name} {expected.shape}")
        difference, scale = numpy.abs(found - expected).max(), numpy.abs(expected).max()
        if not difference <= program.tolerance * scale:
            raise Failed(f"{name} differs by {difference:g} of {scale:g} from {task.programs[0].name}'s")


def measure(tasks, repeats, budget, warm, say):
    """Runs all programs of the tasks in rounds, so that a slow moment of the machine falls on all: each `repeats` times, but a peer no
    more once another run would take it over `budget` seconds in all; one of our own has twice that, at least two runs, and one
    before that is not counted. Without repeats all run once, and that counts."""
    for round_number in range(repeats + 1):
        warm([path for task in tasks for path in task.files])
        counted = round_number > 0 or repeats == 0
        for task in tasks:
            for program in task.programs:
                wanted = _within(program, budget) if counted else program.own and task.uncounted
                done = run_once(program, task, check=round_number == 0) if wanted and not program.failure else None
                if done and counted:
                    program.runs.append(done)
    for task in tasks:
        for program in task.programs:
            say(f"{task.title}: {program.name}: " + (program.failure.splitlines()[0] if program.failure else
                f"{program.median():.2f} s ({len(program.runs)} runs), {program.peak_rss() >> 20} MiB"))


def _within(program, budget):
    """Whether a program may run again."""
    spent = sum(run.seconds for run in program.runs)
    if program.own and len(program.runs) < 2:
        return True
    return not program.runs or spent + program.runs[-1].seconds <= (2 * budget if program.own else budget)
