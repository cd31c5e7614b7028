"""Runs xylem under mpirun with each rank's peak memory counted. The tests that share this are called with XYLEM MPIEXEC PEAK_RSS."""
import pathlib
import subprocess
import sys
import tempfile

XYLEM, MPIEXEC, PEAK_RSS = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
MIB = 1 << 20


def run(*arguments, ranks, check=True, time_limit=60):
    """(how it ended, the peak resident bytes of the rank that took most)"""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([MPIEXEC, "-n", str(ranks), sys.executable, "-B", PEAK_RSS, folder, XYLEM, *map(str, arguments)],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=time_limit)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit code {done.returncode}: {done.stderr}")
        peaks = [int(file.read_text()) for file in pathlib.Path(folder).glob("*.bytes")]
    # The launcher may end the other ranks of a refused run before they have told their peaks.
    if done.returncode == 0 and (len(peaks) != ranks or min(peaks) < 4 * MIB):
        raise AssertionError(f"peaks of {ranks} ranks cannot be {peaks}")
    return done, max(peaks, default=0)
