"""results.py WRITE_RESULTS MPIEXEC: files of results, seen by others.

The bytes of a file do not depend on the ranks that wrote it, and xarray (through netCDF4 and h5netcdf), netCDF4 and h5py find
in it what write_results.cpp was given.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

import h5py
import netCDF4
import numpy as np
import xarray as xr

WRITE_RESULTS, MPIEXEC = sys.argv.pop(1), sys.argv.pop(1)
SEEDS = range(12)


def write(path, seed, ranks):
    out = subprocess.run([MPIEXEC, "-n", str(ranks), WRITE_RESULTS, str(path), str(seed)], check=True, capture_output=True,
                         text=True, timeout=60)
    return json.loads(out.stdout), out.stderr


def expected(variable, dtype, shape):
    value = (17 * np.arange(np.prod(shape, dtype=int)) + variable) % 113
    if dtype == "float16":
        value = (value << 8).astype(np.uint16).view(np.float16).astype(np.float32)
    elif dtype == "bool":
        value = value % 2 == 1
    else:
        value = (value / 8 if dtype.startswith("float") else value).astype(dtype)
    return value.reshape(shape)


class Results(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.keep.name)
        cls.made = [write(cls.root / f"{seed}.nc", seed, 1) for seed in SEEDS]

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def each(self):
        return [(self.root / f"{seed}.nc", results) for seed, (results, _) in zip(SEEDS, self.made)]

    def test_same_bytes_on_any_number_of_ranks(self):
        for seed in list(SEEDS)[:4]:
            for ranks in (2, 3, 4):
                path = self.root / "again.nc"
                write(path, seed, ranks)
                self.assertEqual(path.read_bytes(), (self.root / f"{seed}.nc").read_bytes(), (seed, ranks))
                path.unlink()
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), sorted(f"{seed}.nc" for seed in SEEDS))

    def test_what_is_left_out_is_said(self):
        for _, messages in self.made:
            self.assertEqual(messages.count("warning"), 1, messages)
            self.assertIn("the coord 'differs' is left out of the file (it differs between results)", messages)

    def test_xarray(self):
        for path, results in self.each():
            for engine in ("netcdf4", "h5netcdf"):
                with xr.open_dataset(path, engine=engine) as data:
                    self.check_dataset(data, results)

    def check_dataset(self, data, results):
        self.assertEqual(data.attrs, {"Conventions": "CF-1.11", "history": "made by a test"})
        self.assertEqual(list(data.data_vars), [result["name"] for result in results])
        for i, result in enumerate(results):
            found = data[result["name"]]
            self.assertEqual((list(found.dims), list(found.shape)), (result["dims"], result["shape"]))
            self.assertEqual(found.dtype, {"float16": "float32"}.get(result["dtype"], result["dtype"]), result)
            np.testing.assert_array_equal(found.values, expected(i, result["dtype"], result["shape"]))
            self.assertEqual(found.attrs["units"], "K")
            self.assertEqual(list(found.attrs["limits"]), [-1.5, 2])
            coords = {dim for dim in found.dims if dim not in ("bare", "none")} | {"level"}
            self.assertEqual(set(found.coords), coords | ({"zone"} if "lat" in coords else set()))
            self.assertEqual(found.dtype.kind == "f", "_FillValue" in found.encoding)
            self.assertEqual((float(found.level), found.level.attrs["units"]), (850.5, "hPa"))
            if "time" in found.dims:
                hours = np.arange(found.sizes["time"]) * 24 + 12
                np.testing.assert_array_equal(found.time, np.datetime64("2000-01-01", "ns") + hours * np.timedelta64(1, "h"))
            if "lat" in found.dims:
                np.testing.assert_array_equal(found.lat, np.arange(found.sizes["lat"]) * 0.1 - 45)
                self.assertEqual(found.lat.attrs, {"units": "degrees_north"})
                self.assertEqual(set(found.zone.values), {"zone"})
            if "lon" in found.dims:
                self.assertEqual(found.lon.dtype, np.int64)
            if "name" in found.dims:
                self.assertEqual(list(found["name"].values), ["süd", ""])

    def test_netcdf(self):
        for path, results in self.each():
            with netCDF4.Dataset(path) as file:
                self.assertEqual(list(file.dimensions), list(dict.fromkeys(dim for r in results for dim in r["dims"])))
                # To netCDF an extent of 0 is an unlimited one.
                self.assertLessEqual({name for name, dim in file.dimensions.items() if dim.isunlimited()}, {"none"})
                self.assertNotIn("bare", file.variables)  # a dim, and no variable
                for result in results:
                    self.assertEqual(list(file[result["name"]].dimensions), result["dims"])

    def test_h5py(self):
        for path, results in self.each():
            with h5py.File(path) as file:
                for i, result in enumerate(results):
                    dataset = file[result["name"]]
                    self.assertIsNone(dataset.chunks)
                    self.assertEqual([scales[0].name for scales in dataset.dims], ["/" + dim for dim in result["dims"]])
                    self.assertTrue(all(h5py.h5ds.is_attached(dataset.id, file[dim].id, d)
                                        for d, dim in enumerate(result["dims"])))
                    np.testing.assert_array_equal(dataset[()], expected(i, result["dtype"], result["shape"]))


if __name__ == "__main__":
    warnings.simplefilter("error", xr.SerializationWarning)
    unittest.main()
