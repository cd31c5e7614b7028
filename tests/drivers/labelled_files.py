"""Writes labelled arrays as netCDF-4 files that are stored in different ways, and reads what `xylem reduce` wrote."""
import os
from collections import namedtuple

import h5py
import numpy as np
import xarray as xr

# Ways of storing the same data.
LAYOUTS = ("contiguous", "rows", "odd")
PLACE = "This is a netCDF dimension but not a netCDF variable.%10d"
Result = namedtuple("Result", "dims dtype shape values coords")
# How the sources that generated expressions refer to are dimensioned.
DIMS = {"t": ("time", "lat", "lon"), "u": ("time", "lat"), "v": ("lat", "time"), "h": ("lon",), "i": ("time", "lon"), "j": ("time",),
        "k": ("lat",), "b": ("time", "lat"), "x": ("time",), "w": ("lat",), "p": ("lat", "lon"), "q": ("time", "lat", "lon")}
TYPES = {"t": ["float64"], "u": ["float32"], "v": ["float32"], "h": ["float16"], "i": ["int16"], "j": ["int64"], "k": ["uint8"],
         "b": ["bool"], "x": ["float64"], "w": ["float64"], "p": ["float64"],
         "q": ["int8", "int32", "int64", "uint16", "uint32", "float32", "float64"]}


def random_sources(rng):
    """Arrays by name, sometimes with dims of size 0 or with thousands of elements, with missing and infinite values, wide and narrow."""
    sizes = {"time": int(rng.integers(3, 40)), "lat": int(rng.integers(1, 12)), "lon": int(rng.integers(1, 70))}
    if rng.random() < 0.1:
        sizes["lon"] = 0
    time = 10.0 * np.cumsum(rng.integers(1, 4, sizes["time"]))
    lat = np.round(np.sort(rng.choice(1800, sizes["lat"], replace=False) / 10 - 90), 1)
    if rng.random() < 0.6:
        lat = lat[::-1].copy()
    coords = {"time": time if rng.random() < 0.5 else time.astype("int64"), "lat": lat}
    sources = {}
    for name, dims in DIMS.items():
        shape = [sizes[dim] for dim in dims]
        dtype = np.dtype(str(rng.choice(TYPES[name])))
        if dtype.kind == "b":
            values = rng.integers(0, 2, shape).astype(bool)
        elif dtype.kind in "iu":
            info = np.iinfo(dtype)
            low, high = {"i": (-300, 300), "j": (-9, 9), "k": (0, 200)}.get(name, (max(info.min, -(2**40)), min(info.max, 2**40)))
            values = rng.integers(low, high, shape, endpoint=True).astype(dtype)
        elif name == "w":
            values = rng.random(shape)
        else:
            values = rng.normal(0, 3, shape)
            if name == "q":
                values *= 10.0 ** rng.uniform(*rng.choice([(-2, 2), (-30, 30)]), shape)
                values += rng.choice([0, 1e9 if dtype.itemsize == 8 else 1e4])
            if name == "p":
                values = rng.integers(-200, 200, shape) * 0.25 + 100.0
            values[rng.random(shape) < 0.15] = np.nan
            if name == "q" and rng.random() < 0.3:
                values[rng.random(shape) < 0.01] = rng.choice([-np.inf, np.inf])
            if name == "x":
                values[...] = np.nan
            values = values.astype(dtype)
        sources[name] = xr.DataArray(values, dims=dims, coords={dim: coords[dim] for dim in dims if dim in coords})
    return sources


def packed(values):
    """Values of the source p as integers: 0.25 * packed + 100, with a fill value."""
    whole = np.where(np.isnan(values), 0, (values - 100.0) / 0.25)
    return np.where(np.isnan(values), -32768, whole).astype("i2")


def storage(rng, layout, shape):
    if layout == "contiguous" or not shape or 0 in shape:
        return {}
    if layout == "rows":
        return {"chunks": (1, *shape[1:]), "compression": "gzip", "compression_opts": 1, "shuffle": True}
    chunks = tuple(int(rng.integers(1, n, endpoint=True)) for n in shape)
    return {"chunks": chunks, "maxshape": tuple(max(n, c) for n, c in zip(shape, chunks)), "fletcher32": bool(rng.random() < 0.5),
            **({"compression": "gzip", "shuffle": True} if rng.random() < 0.7 else {})}


def write_file(path, rng, layout, sources):
    with h5py.File(path, "w") as file:
        sizes = {dim: size for array in sources.values() for dim, size in array.sizes.items()}
        for dim, size in sizes.items():
            coord = next((array.coords[dim] for array in sources.values() if dim in array.coords), None)
            if coord is None:
                file.create_dataset(dim, (size,), ">f4")
                file[dim].make_scale(PLACE % size)
            else:
                file[dim] = coord.values
                file[dim].make_scale(dim)
        for name, array in sources.items():
            values, order = array.values, rng.choice(["<", ">"])
            attributes = {}
            if name == "p":
                values = packed(values)
                attributes = {"scale_factor": 0.25, "add_offset": 100.0, "_FillValue": np.int16(-32768)}
            elif array.dtype.kind == "f" and rng.random() < 0.3:  # missing values as a fill value, never written where a chunk has no others
                attributes = {"_FillValue": values.dtype.type(-9999)}
                values = np.where(np.isnan(values), values.dtype.type(-9999), values)
            dtype = values.dtype if array.dtype == bool else values.dtype.newbyteorder(order)
            options = storage(rng, layout, values.shape)
            fill = attributes.get("_FillValue")
            if fill is None and array.dtype.kind in "iu":
                fill = values.dtype.type(7)
            dataset = file.create_dataset(name, values.shape, dtype, fillvalue=fill, **options)
            write_chunks(dataset, values, fill)
            for key, value in attributes.items():
                dataset.attrs[key] = value
            for axis, dim in enumerate(array.dims):
                dataset.dims[axis].attach_scale(file[dim])


def write_chunks(dataset, values, fill):
    """All chunks but those that hold nothing but the fill value."""
    if dataset.chunks is None or fill is None:
        dataset[...] = values
        return
    for chunk in dataset.iter_chunks():
        if not (values[chunk] == fill).all():
            dataset[chunk] = values[chunk]


def write_files(prefix, rng, sources, concat):
    """Files by layout, and the options that join them: one file, or several along time."""
    files, size = {}, sources["j"].sizes["time"]
    for layout in LAYOUTS:
        bounds = [0, size]
        if concat:
            bounds = sorted({0, size, *rng.integers(1, size, 2).tolist()})
        files[layout] = []
        for number, (begin, end) in enumerate(zip(bounds, bounds[1:])):
            path = f"{prefix}_{layout}_{number}.nc"
            part = {name: array.isel(time=slice(begin, end)) if "time" in array.dims else array for name, array in sources.items()}
            write_file(path, rng, layout, part)
            files[layout].append(path)
    return files, ["--concat", "time"] if concat else []


def open_result(path, name):
    """A variable of a netCDF file, with the coords that belong to it."""
    with h5py.File(path, "r") as file:
        dataset = file[name]
        names = [os.path.basename(dataset.dims[axis][0].name) for axis in range(dataset.ndim)]
        coords = {dim: file[dim][...] for dim in names if not file[dim].attrs.get("NAME", b"").startswith(PLACE.encode()[:50])}
        listed = dataset.attrs.get("coordinates", "")
        listed = listed.decode() if isinstance(listed, bytes) else listed
        for label in listed.split():
            coords[label] = file[label][...]
        return Result(tuple(names), dataset.dtype, dataset.shape, dataset[...], coords)
