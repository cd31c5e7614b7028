"""The files that are read: made once, and found again.

One float32 field t (time, y, x) of 512 x 512 elements a step (1 MiB), in chunks of one step (1 MiB), as models write them and as
suits NCO and CDO best, which read step by step; and in chunks of 128 x 128 (64 KiB). Temperatures with noise, to 1/32 K, so that
they compress about as real fields do. No value is missing, and no _FillValue says that one could be. Dims are dimension scales, time
is unlimited. Beside each chunked file its chunks' places (`.extents`) for the programs that read without HDF5.
"""
import concurrent.futures
import os
import shutil
import zlib

import h5py
import numpy

SIDE = 512
STEP_BYTES = 4 * SIDE * SIDE
LEVEL = 4  # of deflate
CHUNKS = {"1 MiB": (1, 512, 512), "64 KiB": (1, 128, 128)}


class Data:
    """Where everything is."""

    def __init__(self, folder, size):
        self.size = size
        self.steps = size // STEP_BYTES
        self.folder = os.path.join(folder, f"{size >> 20}MiB")
        self.plain, self.deflate, self.plain_tiny, self.deflate_tiny, self.contiguous, self.wind = (
            os.path.join(self.folder, name + ".h5")
            for name in ("plain", "deflate", "plain_64KiB", "deflate_64KiB", "contiguous", "wind"))
        self.many = os.path.join(self.folder, "many")
        self.many_steps = min(2, self.steps)  # of a file: 2 MiB
        self.many_count = min(1000, self.steps // self.many_steps)
        self.scan_count = min(2000, 8 * self.steps)  # of small files
        self.scan = os.path.join(self.folder, "scan")
        self.results = os.path.join(self.folder, "results")
        os.makedirs(self.results, exist_ok=True)

    def many_files(self):
        return [os.path.join(self.many, f"f{i:04d}.h5") for i in range(self.many_count)]

    def make(self, say):
        """Makes what is missing."""
        done = os.path.join(self.folder, "done")
        if os.path.exists(done):
            return
        say(f"making the data in {self.folder}")
        _make_fields(self)
        _make_wind(self)
        _make_scan_files(self.scan, self.scan_count)
        with open(done, "w", encoding="ascii"):
            pass


def warm(paths):
    """Reads files, so that they are in the page cache."""
    buffer = bytearray(1 << 20)
    for path in paths:
        names = [os.path.join(path, name) for name in os.listdir(path)] if os.path.isdir(path) else [path]
        for name in names:
            with open(name, "rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass


def _values(random, step):
    """One step of the field."""
    y, x = numpy.ogrid[0:SIDE, 0:SIDE]
    smooth = 285 + 20 * numpy.cos(y * (3 / SIDE)) + 4 * numpy.sin(x * (6.28 / SIDE) + step / 32)
    values = smooth.astype(numpy.float32)
    values += random.standard_normal((SIDE, SIDE), dtype=numpy.float32)
    return numpy.rint(values * 32) / numpy.float32(32)


def _create(path, names, steps, chunk, first_step=0, deflate=False):
    """A file with dims as dimension scales and variables without values."""
    file = h5py.File(path, "w")
    time = file.create_dataset("time", data=numpy.arange(first_step, first_step + steps, dtype="f8"),
                               maxshape=None if chunk is None else (None,), chunks=None if chunk is None else (4096,))
    time.attrs["units"] = "hours since 2000-01-01"
    time.attrs["calendar"] = "standard"
    for dim in ("y", "x"):
        file.create_dataset(dim, data=numpy.arange(SIDE, dtype="f8"))
    for dim in ("time", "y", "x"):
        file[dim].make_scale(dim)
    filters = {"shuffle": True, "compression": "gzip", "compression_opts": LEVEL} if deflate else {}
    for name in names:
        variable = file.create_dataset(name, (steps, SIDE, SIDE), "f4", chunks=chunk, maxshape=None if chunk is None else (None, SIDE, SIDE),
                                       **filters)
        for index, dim in enumerate(("time", "y", "x")):
            variable.dims[index].attach_scale(file[dim])
        variable.attrs["units"] = "K" if name == "t" else "m s-1"
    return file


def _pieces(values, chunk):
    """The chunks of a step, with their places."""
    for y in range(0, SIDE, chunk[1]):
        for x in range(0, SIDE, chunk[2]):
            yield (y, x), numpy.ascontiguousarray(values[y : y + chunk[1], x : x + chunk[2]])


def _compressed(values, chunk):
    """As HDF5's shuffle and deflate store them."""
    return [(place, zlib.compress(piece.reshape(-1).view("u1").reshape(-1, 4).T.tobytes(), LEVEL)) for place, piece in _pieces(values, chunk)]


def _make_fields(data):
    """All files of t at once; compressed on all cores, which h5py's own pipeline would not do."""
    os.makedirs(data.many, exist_ok=True)
    plain = {chunk: _create(path, ["t"], data.steps, CHUNKS[chunk]) for chunk, path in (("1 MiB", data.plain), ("64 KiB", data.plain_tiny))}
    deflate = {chunk: _create(path, ["t"], data.steps, CHUNKS[chunk], deflate=True)
               for chunk, path in (("1 MiB", data.deflate), ("64 KiB", data.deflate_tiny))}
    contiguous = _create(data.contiguous, ["t"], data.steps, None)
    many = None
    random = numpy.random.default_rng(1)
    workers = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for first in range(0, data.steps, 4 * workers):
            steps = range(first, min(first + 4 * workers, data.steps))
            values = {step: _values(random, step) for step in steps}
            stored = {(step, chunk): pool.submit(_compressed, values[step], CHUNKS[chunk]) for step in steps for chunk in deflate}
            for step in steps:
                for chunk, file in plain.items():
                    for (y, x), piece in _pieces(values[step], CHUNKS[chunk]):
                        file["t"].id.write_direct_chunk((step, y, x), piece.tobytes())
                contiguous["t"][step] = values[step]
                number, inside = divmod(step, data.many_steps)
                if number < data.many_count:
                    if inside == 0:
                        many = _create(data.many_files()[number], ["t"], data.many_steps, CHUNKS["1 MiB"], first_step=step)
                    many["t"][inside] = values[step]
                    if inside == data.many_steps - 1:
                        many.close()
            for (step, chunk), future in stored.items():
                for (y, x), piece in future.result():
                    deflate[chunk]["t"].id.write_direct_chunk((step, y, x), piece)
    for file in (*plain.values(), *deflate.values()):
        _write_extents(file)
    with open(data.contiguous + ".extents", "w", encoding="ascii") as places:
        offset = contiguous["t"].id.get_offset()
        places.writelines(f"{offset + step * STEP_BYTES} {STEP_BYTES}\n" for step in range(data.steps))
    for file in (*plain.values(), *deflate.values(), contiguous):
        file.close()


def _write_extents(file):
    chunk = file["t"].chunks
    with open(file.filename + ".extents", "w", encoding="ascii") as places:
        for step in range(file["t"].shape[0]):
            for y in range(0, SIDE, chunk[1]):
                for x in range(0, SIDE, chunk[2]):
                    info = file["t"].id.get_chunk_info_by_coord((step, y, x))
                    places.write(f"{info.byte_offset} {info.size}\n")


def _make_wind(data):
    """u and v, together as large as t."""
    random = numpy.random.default_rng(2)
    steps = max(1, data.steps // 2)
    with _create(data.wind, ["u", "v"], steps, CHUNKS["1 MiB"]) as file:
        for step in range(steps):
            for name in ("u", "v"):
                file[name][step] = random.standard_normal((SIDE, SIDE), dtype=numpy.float32)


def _make_scan_files(folder, count):
    """Many files of 4 x 8 x 16 elements and three scales."""
    os.makedirs(folder, exist_ok=True)
    first = os.path.join(folder, "s0000.h5")
    with h5py.File(first, "w") as file:
        for dim, extent in (("time", 4), ("y", 8), ("x", 16)):
            file.create_dataset(dim, data=numpy.arange(extent, dtype="f8")).make_scale(dim)
        variable = file.create_dataset("t", data=numpy.zeros((4, 8, 16), "f4"))
        for index, dim in enumerate(("time", "y", "x")):
            variable.dims[index].attach_scale(file[dim])
    for i in range(1, count):
        shutil.copyfile(first, os.path.join(folder, f"s{i:04d}.h5"))
