"""Every command that README.md and docs/ show is run, in a scratch folder, and what they show of its output is compared.

Blocks fenced as `console` hold commands behind `$ ` and, where it is shown, their output: numbers that differ from run to run are
masked, a line `...` stands for any lines, and an output with an error line belongs to a command that fails. `mpirun -n N` is run on at
most 2 ranks. `<!-- run: COMMAND -->` is a command that readers need not see. All of a page runs in one folder, which has
`runs/` (`xylem demo-data runs`) and `jobs/`.

commands.py PROGRAM MPIEXEC SOURCE SCRATCH [--update]; --update writes the outputs of today into the pages.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

# What is run by another test, or cannot be run by any, by its first words.
ELSEWHERE = {
    "scripts/": "CI runs scripts/test; scripts/demo runs what README.md shows of it",
    "cmake": "CI configures and builds; tests/consumer installs",
    "ctest": "CI",
    "bench/": "the test bench.run",
    "sbatch": "tests/slurm",
    "job=$(sbatch": "tests/slurm",
    "cp jobs/": "tests/slurm",
    "spack": "docs/spack.md says how it was tried",
    "doxygen": "tests/docs",
    "lfs": "needs a Lustre file system",
}
COMMAND = re.compile(r"^\s*(\$ )?(mpirun|mpiexec|srun|xylem)\b .*\S")
MASKS = [
    (r"\d+(\.\d+)? s\b", "# s"),
    (r"\d+(\.\d+)? [KMGT]iB/s", "# MiB/s"),
    (r"(memory per rank at most|at most|memory  +) ?\d+(\.\d+)? [KMGT]?i?B", r"\1 # MiB"),
    (r"(takes?|--memory|up to) \d+(\.\d+)? ?[KMGT]iB", r"\1 # MiB"),
    (r"limit \d+(\.\d+)? [KMGT]iB", "limit # GiB"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "#"),
]


class Shown:
    """A command of a page, and the lines of its output there: page[begin:end]."""

    def __init__(self, command, line, begin):
        self.command, self.line, self.begin, self.end = command, line, begin, begin


def commands_of(lines, problems):
    found, fence = [], None
    i = 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("```"):
            fence = None if fence is not None else line[3:].strip()
        elif fence == "console" and line.startswith("$ "):
            command, begin = line[2:], i
            while command.endswith("\\"):
                i += 1
                command = command[:-1].rstrip() + " " + lines[i].strip()
            found.append(Shown(command, begin + 1, i + 1))
        elif fence == "console" and found and found[-1].end == i:
            found[-1].end = i + 1
        elif fence is None and line.startswith("<!-- run: "):
            found.append(Shown(line[len("<!-- run: "):].removesuffix("-->").strip(), i + 1, i + 1))
        elif COMMAND.match(line) and (fence is not None or line.startswith("    ")):
            problems.append(f"line {i + 1} shows a command that is not behind '$ ' in a console block: {line.strip()}")
        i += 1
    for shown in found:  # blank lines part commands
        while shown.end > shown.begin and not lines[shown.end - 1].strip():
            shown.end -= 1
    return found


def masked(line):
    for pattern, mask in MASKS:
        line = re.sub(pattern, mask, line)
    return re.sub(r" {2,}", "  ", line.rstrip())


def same(expected, found):
    """Whether the lines are those expected, `...` standing for any."""
    if not expected:
        return not found
    if expected[0].strip() == "...":
        return any(same(expected[1:], found[k:]) for k in range(len(found) + 1))
    return bool(found) and masked(expected[0]) == masked(found[0]) and same(expected[1:], found[1:])


def run(command, folder, environment):
    command = re.sub(r"\bmpirun -n (\d+)", lambda ranks: f"mpirun -n {min(int(ranks[1]), 2)}", command)
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    text = re.sub(r"-{60,}\n.*?-{60,}\n", "", done.stdout, flags=re.DOTALL)  # what mpirun adds to a job that fails
    return done.returncode, text.rstrip().splitlines()


def check_page(lines, folder, environment, update, problems):
    """Runs the page's commands; with `update`, changes the outputs that it shows to those of today. The number of commands run."""
    commands = [shown for shown in commands_of(lines, problems) if not any(shown.command.startswith(words) for words in ELSEWHERE)]
    changed = []
    for shown in commands:
        code, found = run(shown.command, folder, environment)
        expected = lines[shown.begin:shown.end]
        what = f"line {shown.line}: {shown.command}\n"
        if (code != 0) != any(line.startswith("xylem: error") for line in expected):
            problems.append(what + f"  ended with {code}:\n    " + "\n    ".join(found))
        elif expected and not same(expected, found):
            changed.append((shown, found))
            problems.append(what + "  shown:\n    " + "\n    ".join(expected) + "\n  printed:\n    " + "\n    ".join(found))
    if update:
        for shown, found in reversed(changed):
            lines[shown.begin:shown.end] = found
    return len(commands)


def main():
    program, mpiexec, source, scratch = map(os.path.abspath, sys.argv[1:5])
    update = sys.argv[5:] == ["--update"]
    folders = [os.path.dirname(program), os.path.dirname(mpiexec), os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(folders), "COLUMNS": "80"}
    shutil.rmtree(scratch, ignore_errors=True)
    data = os.path.join(scratch, "data")
    os.makedirs(data)
    subprocess.run([program, "demo-data", "runs"], cwd=data, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(os.path.join(source, "jobs"), os.path.join(data, "jobs"))
    checks = failures = 0
    for page in [os.path.join(source, "README.md"), *sorted(glob.glob(os.path.join(source, "docs", "*.md")))]:
        with open(page, encoding="utf-8") as file:
            lines = file.read().splitlines()
        folder = os.path.join(scratch, os.path.basename(page).removesuffix(".md"))
        shutil.copytree(data, folder)
        problems = []
        checks += check_page(lines, folder, environment, update, problems)
        failures += len(problems)
        for problem in problems:
            print(f"FAIL: {os.path.relpath(page, source)}, {problem}")
        if update:
            with open(page, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
    print(f"{checks} commands, {failures} failures")
    sys.exit(1 if failures or checks == 0 else 0)


main()
