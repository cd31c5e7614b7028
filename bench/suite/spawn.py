"""spawn.py REPORT COMMAND...: runs a command and writes its wall and CPU seconds, peak resident bytes and exit code to REPORT, as JSON.

A process of its own between the suite and the command, because the kernel counts for a process also what its parent held in memory when it
was started: the suite's numpy would be the peak of every small program.
"""
import json
import os
import sys
import time


def main():
    report, command = sys.argv[1], sys.argv[2:]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)  # with what it waited for itself: mpirun's ranks, a shell's commands
    seconds = time.perf_counter() - start
    with open(report, "w", encoding="ascii") as file:
        json.dump({"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_rss": usage.ru_maxrss * 1024,
                   "code": os.waitstatus_to_exitcode(status)}, file)


main()
