"""h5py_peer.py TASK INPUT OUT.h5: a task of bench/suite/tasks.py with h5py and numpy in one process."""
import glob
import os
import sys

import h5py

import numpy_tasks


def main():
    task, source, out = sys.argv[1:]
    if task == "step_means":
        numpy_tasks.save(out, {"mean": numpy_tasks.step_means(sorted(glob.glob(os.path.join(source, "*.h5"))), "t")})
        return
    with h5py.File(source, "r") as file:
        dataset = file["t"]
        state = numpy_tasks.TASKS[task](dataset)
        for block in numpy_tasks.blocks(dataset, 0, dataset.shape[0]):
            state.add(block)
    numpy_tasks.save(out, state.results())


main()
