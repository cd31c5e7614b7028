"""mpi4py_peer.py TASK INPUT OUT.h5: the same with mpi4py: each rank its share of the steps.

Every rank opens the file by itself, as reading needs no MPI-IO. h5py over parallel HDF5 (Debian's python3-h5py-mpi) would have HDF5 1.10 with
the same pipeline and more calls beneath it, and is not in PyPI.
"""
import glob
import os
import sys

import h5py
from mpi4py import MPI

import numpy_tasks


def share(count):
    world = MPI.COMM_WORLD
    return count * world.rank // world.size, count * (world.rank + 1) // world.size


def main():
    task, source, out = sys.argv[1:]
    world = MPI.COMM_WORLD
    if task == "step_means":
        paths = sorted(glob.glob(os.path.join(source, "*.h5")))
        parts = world.gather(numpy_tasks.step_means(paths[slice(*share(len(paths)))], "t"))
        results = {"mean": [mean for part in parts for mean in part]} if world.rank == 0 else None
    else:
        with h5py.File(source, "r") as file:
            dataset = file["t"]
            state = numpy_tasks.TASKS[task](dataset)
            for block in numpy_tasks.blocks(dataset, *share(dataset.shape[0])):
                state.add(block)
        state.reduce(world)
        results = state.results()
    if world.rank == 0:
        numpy_tasks.save(out, results)


main()
