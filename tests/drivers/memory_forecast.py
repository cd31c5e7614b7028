"""memory_forecast.py XYLEM MPIEXEC PEAK_RSS: the forecast of a plan is what a run takes, and the limit is hard.

Each rank's peak resident memory, as the kernel counted it, over that of an idle run (`xylem --version`) is at most the forecast. The
forecast is at most 15% above what the peak is over what the rank had when it began (`idle` in the report: an idle run touches another
1 to 4 MiB of libraries by its end), or 5 MiB where that is more: so much differs with what of their code a run happens to touch.
The main cases read 3.25 GiB in 64 MiB. Answers are checked too: a run that skipped data would prove nothing.
"""
import functools
import json
import math
import pathlib
import re
import statistics
import tempfile
import unittest
import zlib

import h5py
import numpy as np

import peaks
from peaks import MIB

run = functools.partial(peaks.run, time_limit=120)
WITHIN, BESIDE = 1.15, 5 * MIB
SHAPE = (832, 1024, 1024)
CHUNK = (1, 512, 512)
# Values of full precision, the same in each chunk, in a pattern that compresses well: files of any size are soon written.
PATTERN = np.tile(np.random.default_rng(4).normal(10, 20, 4096).astype("<f4"), CHUNK[1] * CHUNK[2] // 4096)


def label(file, data):
    for axis, name in enumerate(("time", "lat", "lon")):
        scale = file.create_dataset(name, data=np.arange(data.shape[axis], dtype="<f8"))
        scale.make_scale(name)
        data.dims[axis].attach_scale(scale)


def write_compressed(path, shape=SHAPE):
    stored = zlib.compress(PATTERN.view("u1").reshape(-1, 4).T.tobytes(), 1)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("t", shape, "<f4", chunks=CHUNK, shuffle=True, compression="gzip")
        for place in np.ndindex(*(n // c for n, c in zip(shape, CHUNK))):
            data.id.write_direct_chunk(tuple(p * c for p, c in zip(place, CHUNK)), stored)
        label(file, data)


def write_contiguous(path, shape=SHAPE, written=(0, 3, 400, -1)):
    """Rows of values, and zeros between them that take none of the disk's space."""
    with h5py.File(path, "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(file.id, b"t", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(shape), properties)
        data = file["t"]
        for time in written:
            data[time % shape[0]] = np.resize(PATTERN, shape[1:])
        label(file, data)


def write_rows(path, shape, dtype="<f4", wild=False):
    """Compressed chunks of whole maps, so that all outputs of a reduction over time are alive at once."""
    random = np.random.default_rng(5)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("t", shape, dtype, chunks=(1, *shape[1:]), shuffle=True, compression="gzip", compression_opts=1)
        for time in range(shape[0]):
            values = np.resize(random.normal(10, 20, 4096), shape[1:])
            data[time] = values * 10.0 ** random.integers(-300, 290, shape[1:]) if wild else values
        label(file, data)


class Forecast(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.idle = {ranks: statistics.median(run("--version", ranks=ranks)[1] for _ in range(5)) for ranks in (1, 2, 4)}

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def hold(self, files, expressions, limit, *options, ranks=2, within=WITHIN):
        """The results of a run within its limit and near its forecast."""
        report, out = self.folder / "report.json", self.folder / "out.nc"
        words = [word for expression in expressions for word in ("-e", expression)]
        command = ["reduce", *files, *words, "-o", out, "--overwrite", *options] if expressions else ["stats", *files, "--json"]
        done, peak = run(*command, "--memory", f"{limit // MIB}MiB", "--report", report, ranks=ranks)
        memory = json.loads(report.read_text())["memory"]
        forecast = memory["forecast"]
        beyond, grown = peak - self.idle[ranks], peak - min(rank["idle"] for rank in memory["ranks"])
        what = (f"{files[0].name} {expressions} {ranks} ranks {options}: peak {beyond / MIB:.1f} MiB beyond idle, {grown / MIB:.1f} since it "
                f"began, forecast {forecast / MIB:.1f} MiB, limit {limit // MIB} MiB")
        print(what, flush=True)
        self.assertLessEqual(beyond, limit, what)
        self.assertLessEqual(beyond, forecast, what)
        self.assertLessEqual(forecast, limit, what)
        self.assertLessEqual(forecast, max(within * grown, grown + BESIDE), what)
        if not expressions:
            return json.loads(done.stdout)
        with h5py.File(out) as file:
            return {name: file[name][...] for name in file if file[name].ndim < 3}

    def test_compressed(self):
        path = self.folder / "compressed.h5"
        write_compressed(path)
        mean, column = PATTERN.mean(dtype="f8"), np.resize(PATTERN.reshape(CHUNK[1:]), CHUNK[1:])
        rows = {row["path"]: row for row in self.hold([path], [], 64 * MIB)}
        self.assertAlmostEqual(rows["/t"]["mean"], mean, places=9)
        self.assertAlmostEqual(float(self.hold([path], ["m=mean(t)"], 64 * MIB)["m"]), mean, places=9)
        found = self.hold([path], ["m=mean(t, time)", "s=std(t, time)", "lo=min(t, time)", "hi=max(t, time)"], 64 * MIB,
                          "--threads", "2", "--schedule", "dynamic")
        for name in ("m", "lo", "hi"):
            np.testing.assert_array_equal(found[name][:CHUNK[1], -CHUNK[2]:], column)
        path.unlink()

    def test_contiguous(self):
        path = self.folder / "contiguous.h5"
        write_contiguous(path)
        row = np.resize(PATTERN, SHAPE[1:]).astype("f8")
        self.assertAlmostEqual(float(self.hold([path], ["m=mean(t)"], 64 * MIB, ranks=4)["m"]), 4 * row.mean() / SHAPE[0], places=9)
        found = self.hold([path], ["m=mean(t, time)"], 64 * MIB)
        np.testing.assert_allclose(found["m"], 4 * row / SHAPE[0], rtol=1e-14)
        path.unlink()

    def test_accumulators(self):
        """Reductions whose accumulators take most: all outputs are alive to the end."""
        path = self.folder / "rows.h5"
        write_rows(path, (6, 1024, 2048))
        for ranks in (1, 2, 4):
            self.hold([path], ["s=std(t, time)"], 1024 * MIB, ranks=ranks)
        self.hold([path], ["m=mean(t, time)", "s=std(t, time)", "lo=min(t, time)"], 1024 * MIB, "--threads", "2")
        self.hold([path], ["m=mean(t, time)"], 1024 * MIB, "--schedule", "dynamic")
        self.hold([path], ["r=corr(t, t * 2, time)"], 2048 * MIB)
        double = self.folder / "double.h5"
        write_rows(double, (6, 1024, 1024), "<f8")
        self.hold([double], ["m=mean(t, time)", "v=var(t, time)"], 1024 * MIB)

    def test_fields_and_intermediates(self):
        path = self.folder / "part.h5"
        write_compressed(path, (32, 1024, 1024))
        self.hold([path], ["a=t + 1"], 64 * MIB)
        self.hold([path], ["a=t + 1"], 96 * MIB, "--deflate", "1")
        self.hold([path], ["a=max(t - mean(t, time))"], 128 * MIB)
        self.hold([path], ["q=quantile(t, 0.5)"], 64 * MIB)

    def test_chunk_indices(self):
        """Files of many tiny chunks, whose indices HDF5 keeps while they are open: as B-trees, and in the newer format as arrays."""
        for version in ("earliest", "latest"):
            files = [self.folder / f"{version}{i:02}.h5" for i in range(16)]
            values = np.random.default_rng(6).normal(size=(len(files), 12_000))
            for path, row in zip(files, values):
                with h5py.File(path, "w", libver=version) as file:
                    file.create_dataset("t", data=row, chunks=(2,))
            for ranks, threads in ((1, 1), (1, 2), (1, 4), (2, 1), (2, 2)):
                found = self.hold(files, ["m=mean(t, n)"], 64 * MIB, "--concat", "n", "--threads", threads, ranks=ranks)
                np.testing.assert_array_equal(found["m"], [math.fsum(column) / len(files) for column in values.T])
            # HDF5 takes notes of each chunk of a read, which are few at a time.
            self.hold(files, ["m=mean(t, n)"], 64 * MIB, "--concat", "n", "--threads", 1, "--io", "hyperslab", ranks=2)
            self.hold(files, [], 64 * MIB, "--io", "hyperslab", ranks=2)
            for path in files:
                path.unlink()

    def test_large_chunks(self):
        """A chunk of 64 MiB is refused with a limit that does."""
        path = self.folder / "large.h5"
        values = np.tile(PATTERN, 64)
        with h5py.File(path, "w") as file:
            file.create_dataset("t", (values.size * 3,), "<f4", chunks=(values.size,), shuffle=True, compression="gzip", compression_opts=1)
            for i in range(3):
                file["t"][i * values.size:(i + 1) * values.size] = values
        for expressions in (["m=mean(t)"], []):
            words = ["reduce", path, "-e", "m=mean(t)"] if expressions else ["stats", path]
            refused, _ = run(*words, "--memory", "64MiB", ranks=2, check=False)
            self.assertEqual(refused.returncode, 4, refused.stderr)
            named = int(re.search(r"at least --memory ([0-9]+)MiB", refused.stderr)[1])
            self.hold([path], expressions, named * MIB)
            refused, _ = run(*words, "--memory", f"{named * 9 // 10}MiB", ranks=2, check=False)
            self.assertEqual(refused.returncode, 4, f"{named} MiB is not the least: {refused.stderr}")

    def test_named_limits(self):
        """The limit that a refusal names does, and a tenth less does not."""
        path = self.folder / "named.h5"
        write_rows(path, (4, 1024, 1024))
        random = np.random.default_rng(11)
        pieces = ["t", "t * 2", "t - mean(t, time)", "t / (1 + t)"]
        for _ in range(4):
            inner = [pieces[i] for i in random.integers(0, len(pieces), 2)]
            over = random.choice([", time", ", lat", ""])
            words = ["reduce", path, "-e", f"a=std({inner[0]}{over})", "-e", f"b={inner[1]}"]
            ranks = int(random.choice([1, 2, 4]))
            refused, _ = run(*words, "--memory", "2MiB", ranks=ranks, check=False)
            self.assertEqual((refused.returncode, refused.stdout), (4, ""), refused.stderr)
            named = int(re.search(r"at least --memory ([0-9]+)MiB", refused.stderr)[1])
            _, peak = run(*words, "--memory", f"{named}MiB", "-o", self.folder / "named.nc", "--overwrite", ranks=ranks)
            self.assertLessEqual(peak - self.idle[ranks], named * MIB)
            # What metadata take is measured, and counted with half a MiB and a sixteenth more; and limits are named in whole MiB.
            less = min(named * 9 // 10, named - 3)
            refused, _ = run(*words, "--memory", f"{less}MiB", ranks=ranks, check=False)
            self.assertEqual(refused.returncode, 4, f"{words}: {named} MiB is not the least")

    def test_wild_values(self):
        """Exponents from 1e-300 to 1e300 in all outputs end with exit code 4, or fit; they never take more than the limit."""
        path = self.folder / "wild.h5"
        write_rows(path, (12, 256, 512), "<f8", wild=True)
        ended = set()
        for limit in (48, 96, 512):
            for options in ((), ("--threads", "2", "--schedule", "dynamic")):
                done, peak = run("reduce", path, "-e", "s=std(t, time)", "--memory", f"{limit}MiB", *options, ranks=2, check=False)
                print(f"wild values, limit {limit} MiB, {options}: exit code {done.returncode}, peak "
                      f"{(peak - self.idle[2]) / MIB:.1f} MiB beyond idle", flush=True)
                self.assertIn(done.returncode, (0, 4), done.stderr)
                self.assertLessEqual(peak - self.idle[2], limit * MIB)
                ended.add(done.returncode)
        self.assertEqual(ended, {0, 4})


if __name__ == "__main__":
    unittest.main()
