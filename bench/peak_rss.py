"""peak_rss.py FOLDER COMMAND...: runs a command, and leaves its peak resident memory, as the kernel counted it, in a file.

Stands between mpirun and a program: `mpirun -n 2 python3 peak_rss.py FOLDER xylem ...` leaves one file a rank in FOLDER, named by
process, with a number of bytes: whole, or, where a launcher ends this process first, none (`*.bytes`). Ends as the command did.
"""
import os
import sys


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    path = os.path.join(folder, str(pid))
    with open(path, "w", encoding="ascii") as file:
        file.write(str(usage.ru_maxrss * 1024))
    os.rename(path, f"{path}.bytes")
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
