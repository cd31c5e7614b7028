"""operations.py OUTPUT... -- FILE...: all outputs of own_operations are the same bytes, and those that numpy has."""
import sys
from fractions import Fraction
from math import fsum

import h5py
import numpy as np

outputs, files = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
NAMES = ("saturated", "mean", "harmonic", "harmonic_rows", "harmonic_all")


def elements(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in NAMES}


def temperature(path):
    with h5py.File(path) as file:
        dataset = file["/atm/temperature"]
        values = dataset[...]
        return np.where(values == dataset.attrs["_FillValue"], np.float32(np.nan), values)


def over(values, axes, reduce):
    """A reduction of the elements that are not missing over `axes`."""
    kept = [axis for axis in range(values.ndim) if axis not in axes]
    rows = values.transpose(*kept, *axes).reshape(*(values.shape[axis] for axis in kept), -1)
    return np.apply_along_axis(lambda row: reduce(row[~np.isnan(row)]), -1, rows)


def exact_mean(row):
    return float(sum(map(Fraction, row.tolist())) / len(row)) if len(row) else np.nan


def harmonic(row):
    return len(row) / fsum(1 / row) if len(row) else np.nan


t = np.concatenate([temperature(path) for path in files])
assert np.isnan(t).any() and not np.isnan(t).all()
x = (t - 30).astype("f8")
saturated = x / (250 + np.abs(x))
expected = dict(zip(NAMES, (saturated, over(saturated, [0], exact_mean), over(t.astype("f8"), [0], harmonic),
                            over(saturated, [1, 2], harmonic), over(t.astype("f8"), [0, 1, 2], harmonic))))

first = elements(outputs[0])
for name in NAMES:
    value, reference = first[name], np.asarray(expected[name])
    assert value.dtype == np.dtype("f8") and value.shape == reference.shape, (name, value.shape, reference.shape)
    missing = np.isnan(reference)
    assert (np.isnan(value) == missing).all(), name
    assert value[~missing].tobytes() == reference[~missing].tobytes(), f"{name} is not what numpy has"
for path in outputs[1:]:
    other = elements(path)
    for name in NAMES:
        assert other[name].tobytes() == first[name].tobytes(), f"{name} of {path} has other bits"
print(f"{len(outputs)} runs, {len(NAMES)} results")
