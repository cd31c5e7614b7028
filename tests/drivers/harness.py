"""Runs xylem as a user would, under mpirun, and says exactly how it ended. Shared by the end-to-end tests."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

# Every run must be over within this time, whatever was asked for.
TIME_LIMIT = 15

Result = namedtuple("Result", "code out err seconds hung left everything")


class Xylem:
    """The program under test and the mpirun that starts it."""

    def __init__(self, program, mpiexec):
        self.program = os.path.abspath(program)
        self.mpiexec = mpiexec
        # Without this, OpenMPI's mpirun waits two seconds before it reports a job that has failed.
        self.environment = {**os.environ, "OMPI_MCA_odls_base_sigkill_timeout": "0"}

    def run(self, *arguments, ranks=1, stdout=None, prefix=(), cwd=None, time_limit=TIME_LIMIT):
        """Runs `xylem arguments` on `ranks` ranks; 0 runs it without mpirun. `prefix` is a command to run all of it under."""
        start = [] if ranks == 0 else [self.mpiexec, "-n", str(ranks)]
        command = [*prefix, *start, self.program, *map(str, arguments)]
        # Open MPI's launchers make and remove one folder below TMPDIR for all runs of a user, and one that ends can take it from
        # another that begins: each run has its own.
        scratch = tempfile.mkdtemp(prefix="x")
        os.chmod(scratch, 0o777)
        try:
            return self.run_in(scratch, command, stdout, cwd, time_limit)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def run_in(self, scratch, command, stdout, cwd, time_limit):
        begin = time.monotonic()
        # A session of its own: what is left of it afterwards is found and ended by its number.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=cwd, env={**self.environment, "TMPDIR": scratch}, start_new_session=True)
        hung = False
        try:
            out, err = process.communicate(timeout=time_limit)
        except subprocess.TimeoutExpired:
            hung = True
            left = members(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            for pid in left:
                kill(pid)
            out, err = process.communicate()
        seconds = time.monotonic() - begin
        left = [] if hung else remaining(process.pid)
        return Result(process.returncode, out or b"", without_launcher(err), seconds, hung, left, err.decode(errors="replace"))

    def run_all(self, runs):
        """The results of several runs, each given as (arguments, options), in order; some at a time, for most of a run is waiting."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda run: self.run(*run[0], **run[1]), runs))


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def members(session):
    """The live processes of a session."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != b"Z":
            found.append(int(entry))
    return found


def remaining(session):
    """Processes still there two seconds after the command itself ended; they are ended now."""
    for _ in range(20):
        left = members(session)
        if not left:
            return []
        time.sleep(0.1)
    for pid in left:
        kill(pid)
    return left


def without_launcher(err):
    """Standard error without the notices that mpirun adds to a job that fails."""
    text = err.decode(errors="replace")
    text = re.sub(r"-{60,}\n.*?-{60,}\n", "", text, flags=re.DOTALL)
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("xylem"))


class Report:
    """Counts failures and prints them as they come."""

    def __init__(self):
        self.checks = 0
        self.failures = 0

    def check(self, condition, message):
        self.checks += 1
        if not condition:
            self.failures += 1
            if self.failures <= 60:
                print("FAIL:", message)
        return bool(condition)

    def finish(self):
        print(f"{self.checks} checks, {self.failures} failures")
        sys.exit(1 if self.failures else 0)


def check_success(report, result, what):
    return report.check(result.code == 0 and not result.hung and not result.left and "xylem: error" not in result.err,
                        f"{what}: exit {result.code}, hung {result.hung}, left {result.left}\n{result.everything}")


def check_error(report, result, what, code, *fragments):
    """One error line with all fragments, that exit code, nothing on standard output, nobody left."""
    lines = [line for line in result.err.splitlines() if line.startswith("xylem: error")]
    ok = report.check(not result.hung, f"{what}: hung; it said {result.err!r}")
    ok &= report.check(result.code == code, f"{what}: exit code {result.code}, not {code}; {result.everything!r}")
    ok &= report.check(len(lines) == 1, f"{what}: {len(lines)} error lines, not one: {result.err!r}")
    ok &= report.check(result.out == b"", f"{what}: standard output has {result.out[:300]!r}")
    ok &= report.check(not result.left, f"{what}: processes left: {result.left}")
    for fragment in fragments:
        ok &= report.check(fragment in result.err, f"{what}: no '{fragment}' in {result.err!r}")
    return ok
