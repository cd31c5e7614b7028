"""What h5py_peer.py and mpi4py_peer.py share: each task over the steps [begin, end) of a float32 dataset, in blocks that are read into
one buffer and reduced with numpy; partial results can be combined, as those of two ranks are.

Full sums are numpy's pairwise float32 sums of a block (1 MiB and more), added in float64. Sums over time are kept in float64 by element.
Variances are sums of squares of the distance to a first value, which does not cancel.
"""
import numpy

BLOCK_BYTES = 4 << 20  # 1 to 16 MiB were tried: see docs/performance.md


def blocks(dataset, begin, end):
    """The dataset's steps in blocks: all in the same buffer."""
    steps = max(1, BLOCK_BYTES // (4 * dataset.shape[1] * dataset.shape[2]))
    buffer = numpy.empty((steps, *dataset.shape[1:]), "f4")
    for first in range(begin, end, steps):
        count = min(steps, end - first)
        dataset.read_direct(buffer, numpy.s_[first : first + count], numpy.s_[:count])
        yield buffer[:count]


class Mean:
    """Of all elements."""

    def __init__(self, dataset):
        self.sums = numpy.zeros(2)

    def add(self, block):
        self.sums += block.sum(), block.size

    def reduce(self, comm):
        comm.Allreduce(*_in_place(self.sums))

    def results(self):
        return {"mean": self.sums[0] / self.sums[1]}


class Four:
    """Mean, standard deviation, minimum and maximum of all elements."""

    def __init__(self, dataset):
        self.shift = dataset[0, 0, 0]
        self.sums = numpy.zeros(3)
        self.least = numpy.array(numpy.inf, "f4")
        self.greatest = numpy.array(-numpy.inf, "f4")

    def add(self, block):
        for step in block:  # a step stays in the cache
            numpy.minimum(self.least, step.min(), out=self.least)
            numpy.maximum(self.greatest, step.max(), out=self.greatest)
            step -= self.shift
            flat = step.reshape(-1)
            self.sums += flat.sum(), numpy.dot(flat, flat), flat.size

    def reduce(self, comm):
        from mpi4py import MPI

        comm.Allreduce(*_in_place(self.sums))
        comm.Allreduce(*_in_place(self.least), op=MPI.MIN)
        comm.Allreduce(*_in_place(self.greatest), op=MPI.MAX)

    def results(self):
        mean = self.sums[0] / self.sums[2]
        return {"mean": mean + self.shift, "std": numpy.sqrt(self.sums[1] / self.sums[2] - mean * mean), "min": self.least, "max": self.greatest}


class TimeMean:
    """Over time."""

    def __init__(self, dataset):
        self.sum = numpy.zeros(dataset.shape[1:])
        self.count = dataset.shape[0]

    def add(self, block):
        for step in block:
            self.sum += step

    def reduce(self, comm):
        comm.Allreduce(*_in_place(self.sum))

    def results(self):
        return {"mean": self.sum / self.count}


class TimeStd:
    """Over time."""

    def __init__(self, dataset):
        self.shift = dataset[0]
        self.sums = numpy.zeros((2, *dataset.shape[1:]))
        self.count = dataset.shape[0]

    def add(self, block):
        for step in block:
            step -= self.shift
            self.sums[0] += step
            numpy.multiply(step, step, out=step)
            self.sums[1] += step

    def reduce(self, comm):
        comm.Allreduce(*_in_place(self.sums))

    def results(self):
        mean = self.sums[0] / self.count
        return {"std": numpy.sqrt(self.sums[1] / self.count - mean * mean)}


TASKS = {"mean": Mean, "four": Four, "time_mean": TimeMean, "time_std": TimeStd}


def _in_place(array):
    from mpi4py import MPI

    return MPI.IN_PLACE, array


def step_means(paths, name):
    """The mean of each step of many files."""
    import h5py

    means = []
    for path in paths:
        with h5py.File(path, "r") as file:
            means.append(file[name][:].mean(axis=(1, 2), dtype="f4"))
    return numpy.concatenate(means) if means else numpy.empty(0, "f4")


def save(path, results):
    import h5py

    with h5py.File(path, "w") as file:
        for name, values in results.items():
            file[name] = values
