"""kokkos_threads.py XYLEM MPIEXEC SCRATCH: the same bits for any number of ranks, times Kokkos' own threads, times xylem's.

Kokkos' threads are there where it was built with OpenMP (xylem --version names its backend).
"""
import os
import pathlib
import shutil
import sys
import unittest

import h5py

from harness import Xylem

PROGRAM, MPIEXEC, SCRATCH = sys.argv.pop(1), sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
EXPRESSIONS = ["clim = mean(temperature - 273.15, time)", "spread = std(sqrt(u^2 + v^2))", "middle = quantile(temperature, 0.5)"]


class KokkosThreads(unittest.TestCase):
    def test_same_bits(self):
        shutil.rmtree(SCRATCH, ignore_errors=True)
        SCRATCH.mkdir(parents=True)
        xylem = Xylem(PROGRAM, MPIEXEC)
        os.environ.pop("OMP_NUM_THREADS", None)
        expressions = [word for expression in EXPRESSIONS for word in ("-e", expression)]
        made = xylem.run("demo-data", "data", "--size", "300KiB", "--files", "3", cwd=SCRATCH)
        self.assertEqual(made.code, 0, made.err)
        found = set()
        for ranks in (1, 2, 3):
            for kokkos_threads in (1, 2, 3):
                xylem.environment["OMP_NUM_THREADS"] = str(kokkos_threads)
                threads = 1 + (ranks + kokkos_threads) % 2
                with self.subTest(ranks=ranks, kokkos_threads=kokkos_threads, threads=threads):
                    stats = xylem.run("stats", "data/*.h5", "-v", "*", "--json", ranks=ranks, cwd=SCRATCH, time_limit=60)
                    self.assertEqual(stats.code, 0, stats.err)
                    reduced = xylem.run("reduce", "data/*.h5", *expressions, "--threads", threads, "-o", "out.nc", "--overwrite", ranks=ranks, cwd=SCRATCH,
                                        time_limit=60)
                    self.assertEqual(reduced.code, 0, reduced.err)
                    self.assertIn(b"temperature", stats.out)
                    with h5py.File(SCRATCH / "out.nc") as file:  # its history has the time
                        values = tuple((name, file[name][...].tobytes()) for name in ("clim", "spread", "middle"))
                    found.add((stats.out, values))
        self.assertEqual(len(found), 1)

    def test_nothing_is_said(self):
        """Kokkos' own warnings, by each rank, would bury what xylem has to say."""
        xylem = Xylem(PROGRAM, MPIEXEC)
        for variable in ("OMP_NUM_THREADS", "OMP_PROC_BIND"):
            xylem.environment.pop(variable, None)
        for ranks in (1, 3):
            told = xylem.run("--version", ranks=ranks)
            self.assertEqual(told.code, 0, told.err)
            self.assertNotIn("Kokkos", told.err)


if __name__ == "__main__":
    unittest.main()
