#!/usr/bin/env python3
"""reduce_real_data.py PROGRAM MPIEXEC SCRATCH: `xylem reduce` on the files below $XYLEM_REAL_DATA, against xarray and NumPy in float64."""
import glob
import os
import shutil
import sys

import h5py
import numpy as np
import xarray as xr

from harness import Report, Xylem, check_success
from labelled_files import open_result

WIDE = "float64"


def cases(folder):
    """(files, [(expression, value)]); values as labelled arrays, or as plain ones where the files have no labels."""
    def opened(name):
        return xr.open_dataset(os.path.join(folder, name), decode_times=False)

    air = opened("cmip/A1B_north_america.nc")["air_temperature"].astype(WIDE)
    yield ["cmip/A1B_north_america.nc"], [
        ("mean(air_temperature - 273.15, time)", (air.astype("float32") - np.float32(273.15)).astype(WIDE).mean("time")),
        ("std(air_temperature, ddof=1)", air.std(ddof=1)),
        ("mean(air_temperature - mean(air_temperature, time), latitude, longitude)", (air - air.mean("time")).mean(["latitude", "longitude"])),
        ("rename(max(air_temperature[time=:50:7, latitude=20..40], longitude), time=step, latitude=band)",
         air[:50:7].sel(latitude=slice(20, 40)).max("longitude").rename(time="step", latitude="band")),
        ("argmax(air_temperature, time)", air.argmax("time"))]
    land = opened("cmip/fracLut_Emon_GFDL-ESM4_land-noLu_r1i1p1f1_gr1_200702-200711.nc")["fracLut"].astype(WIDE)
    yield ["cmip/fracLut_Emon_GFDL-ESM4_land-noLu_r1i1p1f1_gr1_200702-200711.nc"], [
        ("mean(fracLut, lat, lon)", land.mean(["lat", "lon"])), ("count(fracLut, time, landuse)", land.count(["time", "landuse"])),
        ("sum(fracLut[lon=~100], lat)", land.sel(lon=100, method="nearest").sum("lat"))]
    southern = opened("cmip/SOI_Darwin.nc")["SOI_Darwin"].astype(WIDE)
    yield ["cmip/SOI_Darwin.nc"], [("mean(SOI_Darwin[time=::-12])", southern[::-12].mean()), ("var(SOI_Darwin)", southern.var())]
    basin = opened("cmip/basin_mask.nc")["basin"]
    yield ["cmip/basin_mask.nc"], [("count(basin, Z)", basin.count("Z")), ("max(basin, X, Y)", basin.max(["X", "Y"]))]
    strait = opened("cmip/orca2_votemper.nc")["votemper"].astype(WIDE)
    yield ["cmip/orca2_votemper.nc"], [("mean(votemper, dim1)", strait.mean("dim1")), ("any(isnull(votemper))", strait.isnull().any())]

    names = sorted(glob.glob(os.path.join(folder, "nemo", "*.nc")))
    months = [xr.open_dataset(name, decode_times=False) for name in names]
    for name in months[0].data_vars:
        if "time_counter" not in months[0][name].dims or months[0][name].ndim < 3 or months[0][name].dtype != np.float32:
            continue
        whole = xr.concat([month[name].astype(WIDE) for month in months], "time_counter", coords="minimal", compat="override")
        over = [dim for dim in whole.dims if dim != "time_counter"]
        yield [os.path.relpath(path, folder) for path in names], [
            (f"mean({name}, time_counter)", whole.mean("time_counter")), (f"mean({name}, {', '.join(over)})", whole.mean(over)),
            (f"min({name}[time_counter=::-1], {over[0]})", whole[::-1].min(over[0]).astype("float32")),
            (f"std({name} - mean({name}, time_counter))", (whole - whole.mean("time_counter")).std())]
        break

    def stored(name, path):
        with h5py.File(os.path.join(folder, "science", name)) as file:
            return file[path][...]

    strain = stored("H-H1_LOSC_4_V2-1126259446-32.hdf5", "strain/Strain")
    yield ["science/H-H1_LOSC_4_V2-1126259446-32.hdf5"], [("std(Strain)", strain.std()), ("argmin(strain/Strain)", strain.argmin()),
                                                          ("max(abs(Strain[dim_0=1000:100000:3]))", np.abs(strain[1000:100000:3]).max())]
    wind = stored("nsrdb_wspd_chunked_2012.h5", "wind_speed").astype("int64")
    yield ["science/nsrdb_wspd_chunked_2012.h5"], [("sum(wind_speed, dim_0)", wind.sum(0)), ("corr(wind_speed, wind_speed^2, dim_1)", None)]
    field = [stored("example-femm-3d.h5", f"data/1/meshes/B/{axis}") for axis in "xyz"]
    paths = [f"`data/1/meshes/B/{axis}`" for axis in "xyz"]
    yield ["science/example-femm-3d.h5"], [
        (f"mean(sqrt({paths[0]}^2 + {paths[1]}^2 + {paths[2]}^2), dim_2)", np.sqrt(sum(part**2 for part in field)).mean(2))]


def check(report, what, found, expected):
    values = expected.values if isinstance(expected, xr.DataArray) else np.asarray(expected)
    if isinstance(expected, xr.DataArray):
        report.check(found.dims == expected.dims, f"{what}: dims {found.dims}, not {expected.dims}")
        for dim in expected.dims:
            if dim in expected.coords:
                report.check(dim in found.coords and np.array_equal(found.coords[dim], expected.coords[dim].values), f"{what}: coord {dim}")
    if report.check(found.shape == values.shape, f"{what}: shape {found.shape}, not {values.shape}"):
        scale = np.nanmax(np.abs(values.astype(WIDE)), initial=0)
        report.check(np.allclose(found.values.astype(WIDE), values.astype(WIDE), rtol=1e-12, atol=1e-12 * scale, equal_nan=True),
                     f"{what}: {found.values.ravel()[:8]}, not {values.ravel()[:8]}")


def main(program, mpiexec, scratch):
    folder = os.environ.get("XYLEM_REAL_DATA")
    if not folder:
        print("skipped: XYLEM_REAL_DATA names no folder of HDF5 files")
        sys.exit(77)
    folder = os.path.abspath(folder)
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    os.chdir(scratch)
    report, xylem = Report(), Xylem(program, mpiexec)
    for files, expressions in cases(folder):
        asked = [word for i, (text, _) in enumerate(expressions) for word in ("-e", f"r{i} = {text}")]
        concat = ["--concat", "time_counter"] if len(files) > 1 else []  # which counts from 0 in each of the files
        first = None
        for ranks, options in ((1, []), (3, ["--schedule", "dynamic", "--memory", "64MiB"])):
            what = f"{files[0]} on {ranks}"
            result = xylem.run("reduce", *[os.path.join(folder, file) for file in files], *asked, "-o", "out.nc", "--overwrite", *options, *concat, ranks=ranks, time_limit=60)
            if not check_success(report, result, what):
                continue
            found = [open_result("out.nc", f"r{i}") for i in range(len(expressions))]
            first = first or found
            for (text, expected), value, other in zip(expressions, found, first):
                report.check(value.values.tobytes() == other.values.tobytes(), f"{what}: {text}: other bytes than on one rank")
                if expected is not None:
                    check(report, f"{what}: {text}", value, expected)
    report.finish()


main(*sys.argv[1:])
