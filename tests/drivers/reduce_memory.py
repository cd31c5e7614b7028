"""reduce_memory.py XYLEM MPIEXEC PEAK_RSS: `xylem reduce` stays within --memory and within the forecast of `xylem plan`.

Each rank's peak resident memory, as the kernel counted it, is at most that of an idle run and the forecast. The answers are
checked too: a run that skipped data would prove nothing.
"""
import json
import pathlib
import re
import tempfile
import unittest

import h5py
import numpy as np

from peaks import MIB, run

TIME, LAT, LON = 256, 256, 1024  # 256 MiB of float32
# What differs between two runs of the same program: pages of libraries, MPI's buffers between ranks.
NOISE = 4 * MIB


def values(time):
    """Values of a row of times, such that every reduction over time is known."""
    place = np.arange(LAT * LON, dtype="<f4").reshape(LAT, LON)
    return (np.asarray(time, "<f4")[:, None, None] * 2 + place % 1000).astype("<f4")


def write(path, first=0, count=TIME, **storage):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("t", (count, LAT, LON), "<f4", **storage)
        for begin in range(0, count, 16):
            data[begin:begin + 16] = values(range(first + begin, first + min(begin + 16, count)))
        time = file.create_dataset("time", data=np.arange(first, first + count, dtype="<f8"))
        time.make_scale("time")
        data.dims[0].attach_scale(time)
        for axis, name in ((1, "lat"), (2, "lon")):
            scale = file.create_dataset(name, data=np.arange(data.shape[axis], dtype="<f8"))
            scale.make_scale(name)
            data.dims[axis].attach_scale(scale)


class ReduceMemory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.time = np.arange(TIME, dtype="<f8")
        write(cls.folder / "columns.h5", chunks=(TIME, 16, 64), shuffle=True, compression="gzip", compression_opts=1)
        write(cls.folder / "rows.h5", chunks=(1, LAT, LON))
        write(cls.folder / "contiguous.h5")
        for part in range(8):
            write(cls.folder / f"part{part}.h5", part * TIME // 8, TIME // 8)
        cls.idle = {ranks: run("--version", ranks=ranks)[1] for ranks in (1, 3)}

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def hold(self, files, expressions, check, limit, ranks_of=(1, 3), schedules=("static", "dynamic")):
        """Runs it in all these ways, each within its limit and its forecast; the number of passes."""
        files = [self.folder / name for name in files]
        expressions = [word for expression in expressions for word in ("-e", expression)]
        for ranks in ranks_of:
            for schedule in schedules:
                options = ["--memory", f"{limit // MIB}MiB", "--schedule", schedule]
                plan = json.loads(run("plan", *files, *expressions, *options, "--json", ranks=ranks)[0].stdout)
                out = self.folder / "out.nc"
                out.unlink(missing_ok=True)
                _, peak = run("reduce", *files, *expressions, *options, "-o", out, ranks=ranks)
                beyond = peak - self.idle[ranks]
                print(f"{files[0].name} {expressions[1::2]} {ranks} ranks {schedule}: {len(plan['passes'])} passes, peak "
                      f"{beyond / MIB:.1f} MiB beyond idle, forecast {plan['memory'] / MIB:.1f} MiB, limit {limit // MIB} MiB", flush=True)
                with h5py.File(out) as file:
                    check(file)
                self.assertLessEqual(plan["memory"], limit)
                self.assertLessEqual(beyond, limit)
                self.assertLessEqual(beyond, plan["memory"] + NOISE)
        return len(plan["passes"])

    def check_mean(self, file):
        expected = values([0])[0].astype("f8") + 2 * self.time.mean()
        np.testing.assert_array_equal(file["m"][...], expected)

    def test_full_reductions(self):
        def check(file):
            self.assertEqual(file["hi"][()], 2 * (TIME - 1) + 999)
            self.assertAlmostEqual(file["m"][()], values([0]).mean(dtype="f8") + 2 * self.time.mean(), places=9)
        for name in ("columns.h5", "rows.h5", "contiguous.h5"):
            self.hold([name], ["m=mean(t)", "s=std(t)", "hi=max(t)"], check, 32 * MIB)

    def test_means_over_time(self):
        self.hold(["columns.h5"], ["m=mean(t, time)"], self.check_mean, 32 * MIB)
        self.hold(["rows.h5"], ["m=mean(t, time)", "s=std(t, time)"], self.check_mean, 128 * MIB)

    def test_reductions_over_different_dims(self):
        def check(file):
            self.check_mean(file)
            np.testing.assert_allclose(file["series"][...], values([0]).mean(dtype="f8") + 2 * self.time, rtol=1e-14)
        self.hold(["rows.h5"], ["m=mean(t, time)", "series=mean(t, lat, lon)", "zonal=max(t, time, lon)"], check, 128 * MIB)

    def test_reductions_inside_expressions(self):
        def check(file):
            np.testing.assert_array_equal(file["a"][100], np.full((LAT, LON), 2 * (100 - self.time.mean())))
        self.hold(["columns.h5"], ["a=t - mean(t, time)"], check, 128 * MIB)

    def test_compressed_fields(self):
        """A field as large as the data, compressed: in the chunks of the data, and in others, which come in pieces."""
        out, report = self.folder / "field.nc", self.folder / "report.json"
        for chunks in ("auto", "40,50,100"):
            _, peak = run("reduce", self.folder / "columns.h5", "-e", "a=t + 1", "-o", out, "--overwrite", "--chunks", chunks, "--deflate", "1",
                          "--threads", "2", "--memory", "96MiB", "--report", report, ranks=3)
            forecast = json.loads(report.read_text())["memory"]["forecast"]
            self.assertLessEqual(forecast, 96 * MIB)
            self.assertLessEqual(peak - self.idle[3], forecast + NOISE)
            with h5py.File(out) as file:
                self.assertEqual(file["a"].compression, "gzip")
                for time in (0, 100, TIME - 1):
                    np.testing.assert_array_equal(file["a"][time], values([time])[0] + 1)

    def test_bands(self):
        passes = self.hold(["contiguous.h5"], ["m=mean(t, time)", "s=std(t, time)"], self.check_mean, 24 * MIB, schedules=("static",))
        self.assertGreaterEqual(passes, 1)
        parts = [f"part{part}.h5" for part in range(8)]
        passes = self.hold(parts, ["m=mean(t, time)", "s=std(t, time)"], self.check_mean, 28 * MIB, schedules=("static",))
        self.assertGreater(passes, 1)

    def test_refusals_name_a_limit_that_does(self):
        for name, expression in (("rows.h5", "m=mean(t, time)"), ("columns.h5", "a=t - mean(t, time)"), ("rows.h5", "a=mean(t)")):
            for ranks in (1, 3):
                path = self.folder / name
                for command in ("reduce", "plan"):
                    refused, _ = run(command, path, "-e", expression, "--memory", "5MiB", ranks=ranks, check=False)
                    self.assertEqual((refused.returncode, refused.stdout), (4, ""), refused.stderr)
                named = int(re.search(r"at least --memory ([0-9]+)MiB", refused.stderr)[1])
                _, peak = run("reduce", path, "-e", expression, "--memory", f"{named}MiB", "-o", self.folder / "named.nc", "--overwrite", ranks=ranks)
                self.assertLessEqual(peak - self.idle[ranks], named * MIB + NOISE)


if __name__ == "__main__":
    unittest.main()
