"""results.py WRITE_RESULTS MPIEXEC NCDUMP NCKS CDO: files of results, contiguous, in chunks, compressed and appended to, seen by others.

The bytes of a file do not depend on the ranks that wrote it, and xarray (through netCDF4 and h5netcdf), netCDF4, h5py, ncdump, CDO and
NCO find in it what write_results.cpp was given.
"""
import itertools
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

WRITE_RESULTS, MPIEXEC, NCDUMP, NCKS, CDO = (sys.argv.pop(1) for _ in range(5))
SEEDS = range(6)
WAYS = ("contiguous", "chunked", "compressed", "append")


def write(path, seed, way, ranks):
    out = subprocess.run([MPIEXEC, "-n", str(ranks), WRITE_RESULTS, str(path), str(seed), way], check=True, capture_output=True,
                         text=True, timeout=60)
    return json.loads(out.stdout), out.stderr


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


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
        cls.made = {f"{seed}-{way}": write(cls.root / f"{seed}-{way}.nc", seed, way, 1) for seed in SEEDS for way in WAYS}

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def each(self):
        return [(self.root / f"{name}.nc", results) for name, (results, _) in self.made.items()]

    def test_same_bytes_on_any_number_of_ranks(self):
        for seed, way in itertools.product(list(SEEDS)[:2], WAYS):
            for ranks in (2, 3, 4):
                path = self.root / "again.nc"
                write(path, seed, way, ranks)
                self.assertEqual(path.read_bytes(), (self.root / f"{seed}-{way}.nc").read_bytes(), (seed, way, ranks))
                path.unlink()
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), sorted(f"{name}.nc" for name in self.made))

    def test_what_is_left_out_is_said(self):
        for name, (_, messages) in self.made.items():
            self.assertEqual(messages.count("warning"), 2 if name.endswith("append") else 1, messages)
            self.assertIn("the coord 'differs' is left out of the file (it differs between results)", messages)

    def test_xarray(self):
        for path, results in self.each():
            for engine in ("netcdf4", "h5netcdf"):
                with xr.open_dataset(path, engine=engine) as data:
                    self.check_dataset(data, results, runs=2 if "append" in path.name else 1)

    def check_dataset(self, data, results, runs):
        history = "\n".join(["made by a test"] * runs)
        self.assertEqual(data.attrs, {"Conventions": "CF-1.11", "history": history, "made_from": "a seed"})
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

    def test_ncdump(self):
        for path, results in self.each():
            header = output_of(NCDUMP, "-hs", path)
            for result in results:
                dims = f"({', '.join(result['dims'])})" if result["dims"] else ""
                self.assertIn(f" {result['name']}{dims} ;", header)
            self.assertEqual(header.count('_DeflateLevel'), sum("compressed" in path.name or "append" in path.name
                                                                for r in results if r["dims"] and 0 not in r["shape"]))
            output_of(NCDUMP, path)

    def test_nco(self):
        for path, results in self.each():
            copy = self.root / "copy"
            output_of(NCKS, "-O", path, copy)
            with netCDF4.Dataset(copy) as file:
                for i, result in enumerate(results):
                    found = np.ma.filled(file[result["name"]][...], np.nan) if result["dtype"].startswith("float") else file[result["name"]][...]
                    np.testing.assert_array_equal(found, expected(i, result["dtype"], result["shape"]))
            copy.unlink()

    def test_cdo(self):
        """CDO finds the variables that have what it takes for a grid and a time. It (2.1) opens no file of anyone in which a dim has
        strings for labels: those have odd seeds."""
        for path, results in self.each():
            if int(path.name[0]) % 2 == 1:
                continue
            names = output_of(CDO, "-s", "showname", path).split()
            self.assertLessEqual(set(names), {result["name"] for result in results})
            known = [result["name"] for result in results if result["dims"] in (["time"], ["lat", "lon"], ["time", "lat", "lon"])]
            self.assertLessEqual(set(known), set(names))

    def test_h5py(self):
        for path, results in self.each():
            with h5py.File(path) as file:
                for i, result in enumerate(results):
                    dataset = file[result["name"]]
                    in_chunks = "contiguous" not in path.name and dataset.size > 0 and dataset.ndim > 0
                    self.assertEqual(dataset.chunks is not None, in_chunks)
                    deflated = in_chunks and "chunked" not in path.name
                    self.assertEqual((dataset.compression, dataset.shuffle), ("gzip" if deflated else None, deflated))
                    self.assertEqual([scales[0].name for scales in dataset.dims], ["/" + dim for dim in result["dims"]])
                    self.assertTrue(all(h5py.h5ds.is_attached(dataset.id, file[dim].id, d)
                                        for d, dim in enumerate(result["dims"])))
                    np.testing.assert_array_equal(dataset[()], expected(i, result["dtype"], result["shape"]))


if __name__ == "__main__":
    warnings.simplefilter("error", xr.SerializationWarning)
    unittest.main()
