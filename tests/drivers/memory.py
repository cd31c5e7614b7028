"""memory.py XYLEM MPIEXEC PEAK_RSS: files of 4 GiB, and of many datasets, are read within --memory and within the forecast.

Each rank's peak resident memory, as the kernel counted it, is at most that of an idle run (one that starts MPI and Kokkos, and
prints its version) and the limit. The answers are checked too: a run that skipped data would prove nothing.
"""
import functools
import json
import pathlib
import re
import tempfile
import unittest
import zlib

import h5py
import numpy as np

import peaks
from peaks import MIB

RANKS = 2
run = functools.partial(peaks.run, ranks=RANKS)
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


def write_many(path, datasets):
    with h5py.File(path, "w", libver="latest") as file:
        for i in range(datasets):
            name = f"group_of_some_name_{i // 1000}/value_of_some_name_{i % 1000}"
            if i % 2 == 0:
                file.create_dataset(name, data=np.full(4, i, "<f4"))
            else:
                file.create_dataset(name, (4,), "<i8", chunks=(4,))  # never written


def run_stats(path, memory, **options):
    """(the statistics, the peak resident bytes of the rank that took most, the forecast in bytes beyond idle)"""
    done, peak = run("stats", path, "--memory", f"{memory // MIB}MiB", "--json", "-V", **options)
    number, unit = re.search(r"memory per rank at most ([0-9.]+) ([KMG]iB)", done.stderr).groups()
    return json.loads(done.stdout), peak, float(number) * {"KiB": 1 << 10, "MiB": MIB, "GiB": 1 << 30}[unit]


class Memory(unittest.TestCase):
    def hold_peak(self, path, limit, **options):
        _, idle = run("--version", **options)
        rows, peak, forecast = run_stats(path, limit, **options)
        print(f"limit {limit // MIB} MiB: peak {peak / MIB:.1f} MiB, idle {idle / MIB:.1f} MiB, "
              f"forecast {forecast / MIB:.1f} MiB beyond that", flush=True)
        self.assertLessEqual(peak, idle + limit)
        self.assertLessEqual(peak, idle + forecast)
        self.assertLessEqual(forecast, limit)
        return rows

    def hold(self, write, limits, mean, maximum):
        with tempfile.TemporaryDirectory() as folder:
            big = f"{folder}/big.h5"
            write(big, ROWS, CHUNK)
            for limit in limits:
                answer = self.hold_peak(big, limit)[0]
                self.assertEqual((answer["count"], answer["max"]), (ROWS * CHUNK, maximum))
                self.assertAlmostEqual(answer["mean"], mean, places=9)

    def test_compressed(self):
        self.hold(write_compressed, (128 * MIB,), PATTERN.mean(dtype=np.float64), 249.75)

    def test_contiguous(self):
        self.hold(write_contiguous, (128 * MIB, 32 * MIB), 0, 0)

    def test_many_datasets(self):
        """A limit that does is kept; one that does not is refused, with one named that does."""
        count = 20000
        with tempfile.TemporaryDirectory() as folder:
            many = f"{folder}/many.h5"
            write_many(many, count)
            refused, _ = run("stats", many, "--memory", "12MiB", "--json", check=False)
            self.assertEqual((refused.returncode, refused.stdout), (4, ""))
            named = int(re.search(r"at least --memory ([0-9]+)MiB", refused.stderr)[1]) * MIB
            for ranks in (1, 3):
                # The kernel's count of what metadata take differs a little from run to run, and more so between numbers of ranks.
                rows = self.hold_peak(many, named + named // 8, ranks=ranks)
                self.assertEqual(len(rows), count)
                sums = {row["path"]: row["sum"] for row in rows}
                for i in range(count):
                    path = f"/group_of_some_name_{i // 1000}/value_of_some_name_{i % 1000}"
                    self.assertEqual(sums[path], 4 * i if i % 2 == 0 else 0)


if __name__ == "__main__":
    unittest.main()
