"""demo_data_files.py XYLEM MPIEXEC: what `xylem demo-data` writes, seen by others.

The files are the same bytes for any number of ranks, and h5py finds in them what the documentation says.
"""
import filecmp
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

XYLEM, MPIEXEC = sys.argv.pop(1), sys.argv.pop(1)
FILES = 5


def demo_data(folder, ranks):
    return subprocess.run([MPIEXEC, "-n", str(ranks), XYLEM, "demo-data", str(folder), "--size", "3MiB", "--files", str(FILES)],
                          check=True, capture_output=True, text=True, timeout=60).stdout


class DemoData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.keep.name)
        cls.listing = demo_data(cls.root / "1", 1)
        cls.names = [f"day{i:03}.h5" for i in range(FILES)]

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def test_same_bytes_on_any_number_of_ranks(self):
        for ranks in (2, 3):
            demo_data(self.root / str(ranks), ranks)
            same, different, missing = filecmp.cmpfiles(self.root / "1", self.root / str(ranks), self.names, shallow=False)
            self.assertEqual((same, different, missing), (self.names, [], []))
            self.assertEqual(sorted(p.name for p in (self.root / str(ranks)).iterdir()), self.names)

    def test_lists_the_files(self):
        lines = self.listing.splitlines()
        self.assertEqual([line.split("  ")[0] for line in lines[:-1]], [str(self.root / "1" / name) for name in self.names])
        self.assertTrue(lines[-1].endswith(f"in {FILES} files"))

    def test_time_goes_on_from_file_to_file(self):
        hours = []
        for name in self.names:
            with h5py.File(self.root / "1" / name) as file:
                for group in ("atm", "ocean"):
                    self.assertEqual(file[group]["time"].attrs["units"], "hours since 2000-01-01 00:00:00")
                np.testing.assert_array_equal(file["atm/time"], file["ocean/time"])
                hours += list(file["atm/time"])
        np.testing.assert_array_equal(hours, np.arange(24 * FILES))

    def test_dims(self):
        with h5py.File(self.root / "1" / self.names[1]) as file:
            for path, dims in {"atm/temperature": "time y x", "atm/rain": "time y x", "atm/weather": "time", "ocean/u": "time y x",
                               "ocean/v": "time y x", "ocean/particles": "time y x", "ocean/mask": "y x",
                               "ocean/energy": "time"}.items():
                group, dataset = path.split("/")[0], file[path]
                self.assertEqual([list(dim.keys()) for dim in dataset.dims], [[name] for name in dims.split()])
                for dim, length in zip(dataset.dims, dataset.shape):
                    self.assertEqual(dim[0].id, file[group][dim.keys()[0]].id)
                    self.assertTrue(h5py.h5ds.is_scale(dim[0].id))
                    self.assertEqual(dim[0].shape, (length,))
                if "dims" in dataset.attrs:
                    self.assertEqual(list(dataset.attrs["dims"]), dims.split())
            users = [(file[reference].name, int(dim)) for reference, dim in file["ocean/y"].attrs["REFERENCE_LIST"]]
            self.assertEqual(users, [("/ocean/u", 1), ("/ocean/v", 1), ("/ocean/particles", 1), ("/ocean/mask", 0)])
            u = file["ocean/u"].attrs
            self.assertEqual((u["coords_mode__time"], list(u["coords__time"])), ("start_and_step", [24, 1]))
            self.assertEqual((u["coords_mode__x"], u["coords__x"]), ("linked", "x"))

    def test_values(self):
        with h5py.File(self.root / "1" / self.names[2]) as file:
            shape = (24, *file.attrs["grid"])
            temperature = file["atm/temperature"]
            self.assertEqual((temperature.dtype, temperature.shape, temperature.attrs["units"]), (np.dtype("<f4"), shape, "K"))
            self.assertEqual((temperature.compression, temperature.shuffle, temperature.maxshape[0]), ("gzip", True, None))
            self.assertEqual(temperature.attrs["_FillValue"][0], np.float32(1e20))
            self.assertEqual(temperature.fillvalue, np.float32(1e20))
            gaps = temperature[:] == np.float32(1e20)
            self.assertTrue(0.002 < gaps.mean() < 0.006, gaps.mean())
            self.assertTrue(np.all((temperature[:][~gaps] > 220) & (temperature[:][~gaps] < 330)))

            rain = file["atm/rain"]
            self.assertEqual((rain.dtype, rain.attrs["_FillValue"][0]), (np.dtype("<i2"), -32768))
            gaps = rain[:] == -32768
            self.assertTrue(0.001 < gaps.mean() < 0.003, gaps.mean())
            amount = rain[:][~gaps] * rain.attrs["scale_factor"][0] + rain.attrs["add_offset"][0]
            self.assertTrue(amount.min() == 0 and 1 < amount.max() < 60 and (amount == 0).mean() > 0.3)

            mask = file["ocean/mask"]
            self.assertEqual((mask.dtype, mask.shape), (np.dtype(bool), shape[1:]))
            self.assertTrue(0.5 < mask[:].mean() < 0.9)
            for name in ("u", "v"):
                np.testing.assert_array_equal(np.isfinite(file["ocean"][name]), np.broadcast_to(mask, shape))
            self.assertEqual(file["ocean/particles"].dtype, np.dtype("<u2"))
            self.assertTrue(np.all(file["ocean/particles"][:][:, ~mask[:]] == 0) and file["ocean/particles"][:].max() > 5)
            self.assertEqual((file["ocean/energy"].chunks, file["ocean/energy"].shape), (None, (24,)))
            self.assertEqual((file["atm/co2"].shape, file["atm/co2"][()]), ((), 412.5))
            self.assertLessEqual(set(file["atm/weather"].asstr()[:]), {"clear", "cloudy", "rain", "föhn"})

            ny, nx = shape[1:]
            np.testing.assert_allclose(file["atm/y"], -90 + 180 * (np.arange(ny) + 0.5) / ny)
            np.testing.assert_allclose(file["atm/x"], 360 * (np.arange(nx) + 0.5) / nx)
            self.assertEqual((file.attrs["day"], file.attrs["title"][:5]), (2, "xylem"))


if __name__ == "__main__":
    unittest.main()
