"""Resolved containers against what h5py reads: random shapes, chunks, types and byte orders, partitioned and replicated over 1 to 4
ranks, as stored and converted. Every element is on one rank (or on all), whole chunks together.

    resolve_values.py PROGRAM MPIRUN
"""

import itertools
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

TYPES = ["i1", "u1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<i8", ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "?"]


def make(path, random):
    arrays = {}
    with h5py.File(path, "w") as file:
        for i in range(60):
            ndim = int(random.integers(0, 4))
            shape = tuple(int(n) for n in random.integers(0 if i % 7 == 0 else 1, 13, ndim))
            dtype = np.dtype(TYPES[i % len(TYPES)])
            values = random.integers(0, 2 if dtype == bool else 100, shape)
            values = (values / 8 if dtype.kind == "f" else values).astype(dtype)
            options = {}
            if ndim > 0 and all(shape) and random.random() < 0.7:
                options["chunks"] = tuple(int(random.integers(1, n + 1)) for n in shape)
                options["compression"] = random.choice([None, "gzip"])
                options["shuffle"] = bool(random.random() < 0.5)
            name = f"/g{i % 3}/d{i}"
            file.create_dataset(name, data=values, **options)
            arrays[name] = (values, options.get("chunks") or (1,) * ndim)
    return arrays


def check(arrays, outputs, replicated, dtype):
    parts = {name: [] for name in arrays}
    for output in outputs:
        with open(output) as file:
            for line in file:
                name, kind, start, count, data = line.rstrip("\n").split("\t")
                start, count = ([int(n) for n in text.split()] for text in (start, count))
                values = np.frombuffer(bytes.fromhex(data), dtype=kind).reshape(count)
                parts[name].append((start, count, values))
    for name, (stored, chunks) in arrays.items():
        wanted = stored.astype(stored.dtype.newbyteorder("=") if dtype is None else dtype)
        seen = np.zeros(stored.shape, dtype=int)
        assert len(parts[name]) == len(outputs), name
        for start, count, values in parts[name]:
            box = tuple(slice(s, s + c) for s, c in zip(start, count))
            assert values.dtype == wanted.dtype, (name, values.dtype, wanted.dtype)
            np.testing.assert_array_equal(values, wanted[box], err_msg=name)
            seen[box] += 1
            whole = values.size == 0 or all(s % c == 0 and ((s + n) % c == 0 or s + n == extent)
                        for s, n, c, extent in zip(start, count, chunks, stored.shape))
            assert whole or replicated, f"{name}: {box} cuts chunks {chunks}"
        copies = len(outputs) if replicated or stored.ndim == 0 else 1
        assert (seen == copies).all(), f"{name}: {seen}"


def main(program, mpirun):
    random = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "random.h5")
        arrays = make(path, random)
        for ranks, placement in itertools.product((1, 2, 3, 4), ("partitioned", "replicated")):
            for dtype in (None, "float64", "float32", "int64") if ranks in (1, 3) else (None,):
                out = os.path.join(folder, f"out{ranks}{placement}{dtype}")
                subprocess.run([mpirun, "-n", str(ranks), program, path, out, placement] + ([dtype] if dtype else []), check=True)
                check(arrays, [f"{out}.{rank}" for rank in range(ranks)], placement == "replicated", dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])
