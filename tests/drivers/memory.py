"""memory.py XYLEM MPIEXEC PEAK_RSS: a file of 4 GiB is read within --memory.

Each rank's peak resident memory, as the kernel counted it, is at most that of the same command on a tiny file and the limit. The
answers are checked too: a run that skipped data would prove nothing.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zlib

import h5py
import numpy as np

XYLEM, MPIEXEC, PEAK_RSS = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
RANKS = 2
MIB = 1 << 20
CHUNK = 256 * 1024  # elements: 1 MiB of float32
ROWS = 4096  # chunks: 4 GiB
PATTERN = (np.arange(CHUNK) % 1000 * 0.25).astype("<f4")


def write_compressed(path, rows, chunk):
    """Every row the same chunk, compressed once: quick to write, and nothing that a reader could know."""
    shuffled = PATTERN[:chunk].view("u1").reshape(chunk, 4).T.tobytes()
    stored = zlib.compress(shuffled, 1)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("v", (rows, chunk), "<f4", chunks=(1, chunk), shuffle=True, compression="gzip")
        for row in range(rows):
            dataset.id.write_direct_chunk((row, 0), stored)


def write_contiguous(path, rows, chunk):
    """Space that is there without having been written: reads as zeros, and takes none of the disk's."""
    with h5py.File(path, "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(file.id, b"v", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((rows, chunk)), properties)


def run_stats(path, memory):
    """(the statistics, the peak resident bytes of the rank that took most)"""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([MPIEXEC, "-n", str(RANKS), sys.executable, "-B", PEAK_RSS, folder, XYLEM, "stats", path, "--memory",
                               f"{memory // MIB}MiB", "--json"], check=True, stdout=subprocess.PIPE, timeout=60)
        peaks = [int(file.read_text()) for file in pathlib.Path(folder).iterdir()]
    if len(peaks) != RANKS or min(peaks) < 4 * MIB:
        raise AssertionError(f"peaks of {RANKS} ranks cannot be {peaks}")
    return json.loads(done.stdout)[0], max(peaks)


class Memory(unittest.TestCase):
    def hold(self, write, limits, mean, maximum):
        with tempfile.TemporaryDirectory() as folder:
            tiny, big = f"{folder}/tiny.h5", f"{folder}/big.h5"
            write(tiny, 2, 64)
            write(big, ROWS, CHUNK)
            for limit in limits:
                _, idle = run_stats(tiny, limit)
                answer, peak = run_stats(big, limit)
                print(f"limit {limit // MIB} MiB: peak {peak / MIB:.1f} MiB, on a tiny file {idle / MIB:.1f} MiB", flush=True)
                self.assertLessEqual(peak, idle + limit)
                self.assertEqual((answer["count"], answer["max"]), (ROWS * CHUNK, maximum))
                self.assertAlmostEqual(answer["mean"], mean, places=9)

    def test_compressed(self):
        self.hold(write_compressed, (128 * MIB,), PATTERN.mean(dtype=np.float64), 249.75)

    def test_contiguous(self):
        self.hold(write_contiguous, (128 * MIB, 32 * MIB), 0, 0)


if __name__ == "__main__":
    unittest.main()
