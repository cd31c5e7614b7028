"""Makes the files of tests/tree/golden with dantro itself (pip install dantro; made with 0.21.2).

    COLUMNS=80 python3 make_golden.py ../tree/golden

HDF5 files, dantro's printed trees of them (loaded as proxies by classes that bear xylem's names, for cut lines depend on the
length of the class name), and the dims and coords that dantro gives the resolved data.
"""

import os
import sys

import dantro
import h5py
import numpy as np
from dantro.containers import XrDataContainer
from dantro.data_loaders import Hdf5LoaderMixin
from dantro.groups import OrderedDataGroup
from dantro.mixins import Hdf5ProxySupportMixin

TEXT = h5py.string_dtype()


class Container(Hdf5ProxySupportMixin, XrDataContainer):
    pass


OrderedDataGroup.__name__ = "Group"


class DataManager(Hdf5LoaderMixin, dantro.DataManager):
    _HDF5_DSET_DEFAULT_CLS = Container


def texts(*names):
    return np.array(names, dtype=TEXT)


def labelled(group, name, shape, dims=None, dtype="f4", **attributes):
    dataset = group.create_dataset(name, shape, dtype=dtype)
    if dims is not None:
        dataset.attrs["dims"] = texts(*dims)
    for attribute, value in attributes.items():
        dataset.attrs[attribute] = value
    return dataset


def make_simulation(path):
    with h5py.File(path, "w", libver=("v108", "v110")) as file:
        file.attrs["title"] = "a small simulation"
        measurements = file.create_group("measurements")
        for day in range(11):
            group = measurements.create_group(f"{day:03d}")
            labelled(group, "precipitation", (20, 30), ("day", "place"), "i8")
            labelled(group, "temperatures", (20, 30, 2), None, "f8", dim_name__0="day", units="K")
            sensors = group.create_group("sensor_data")
            sensors.attrs["kind"] = "mobile"
            for sensor in range(23 if day == 0 else day % 3):
                labelled(sensors, f"sensor{sensor:03d}", (166,), ("time",), coords_mode__time="trivial")
        deep = file
        for level in range(8):
            deep = deep.create_group(f"level{level}")
            labelled(deep, "x", (3,), dtype="u1")
        types = file.create_group("types")
        for dtype in ("i1", "u2", "i4", "u8", "f2", "f4", "f8", ">f4", ">i2", ">u8", "?", "S5"):
            types.create_dataset("type_" + dtype.replace(">", "be_").replace("?", "bool"), (2,), dtype=dtype)
        types.create_dataset("text", (2,), dtype=TEXT)
        types.create_dataset("scalar", data=3.5)
        types.create_dataset("empty", (0, 4), dtype="f4")
        names = file.create_group("names")
        names.create_group("an_empty_group_with_a_name_that_is_much_longer_than_the_column_it_has")
        labelled(names, "größe_μ_日本語_and_more_that_does_not_fit", (2, 3), ("länge_in_metern", "höhe_über_dem_meer"), note="ä")
        labelled(names, "exactly_23_characters__", (1,))
        labelled(names, "it_has_24_characters____", (1,))
        for count in (9, 10, 11, 12):
            group = file.create_group(f"group_of_{count}")
            for i in range(count):
                group.create_group(f"{i:02d}")


def make_labels(path):
    with h5py.File(path, "w", libver=("v108", "v110")) as file:
        x = {"dims": ("x",)}
        labelled(file, "values", (3,), **x, coords__x=[1.5, 2.5, -3e20])
        labelled(file, "values_int", (3,), **x, coords__x=np.array([1, 2, 3], dtype="i2"), coords_mode__x="values")
        labelled(file, "values_text", (3,), **x, coords__x=texts("a", "bc", "def"))
        labelled(file, "values_float32", (2,), **x, coords__x=np.array([0.1, 1e20], dtype="f4"))
        labelled(file, "range_1", (4,), **x, coords__x=[4], coords_mode__x="range")
        labelled(file, "range_3", (4,), **x, coords__x=[10, 3, -2], coords_mode__x="range")
        labelled(file, "arange_int", (4,), **x, coords__x=[0, 11, 3], coords_mode__x="arange")
        labelled(file, "arange_float", (10,), **x, coords__x=[0.0, 1.0, 0.1], coords_mode__x="arange")
        labelled(file, "arange_float32", (10,), **x, coords__x=np.array([0, 1, 0.1], dtype="f4"), coords_mode__x="arange")
        labelled(file, "arange_uint64", (3,), **x, coords__x=np.array([3], dtype="u8"), coords_mode__x="arange")
        labelled(file, "linspace_int", (7,), **x, coords__x=[-1, 10, 7], coords_mode__x="linspace")
        labelled(file, "linspace_open", (7,), **x, coords__x=[0, 1, 7, 0], coords_mode__x="linspace")
        labelled(file, "linspace_50", (50,), **x, coords__x=[0.1, 0.7], coords_mode__x="linspace")
        labelled(file, "logspace", (5,), **x, coords__x=[-2, 3, 5], coords_mode__x="logspace")
        labelled(file, "start_and_step", (5,), **x, coords__x=[7, -3], coords_mode__x="start_and_step")
        labelled(file, "start_and_step_float", (3,), **x, coords__x=[0.5, 2.0], coords_mode__x="start_and_step")
        labelled(file, "trivial", (5,), **x, coords_mode__x=texts("trivial"))
        labelled(file, "scalar", (1,), **x, coords__x=4.25, coords_mode__x="scalar")
        labelled(file, "scalar_array", (1,), **x, coords__x=[[4]], coords_mode__x="scalar")
        labelled(file, "overridden", (2, 3), ("a", "b"), dim_name__1="c", coords__c=[1, 2, 3])
        labelled(file, "numbered", (2, 3, 4), **{"dim_name__ +1": texts("y"), "coords__y": [0.5, 1.5, 2.5]})
        labelled(file, "nested_dims", (2, 3)).attrs["dims"] = np.array([["u"], ["v"]], dtype=TEXT)
        labelled(file, "fixed_dims", (2, 3)).attrs["dims"] = np.array([b"time", b"x"])
        coords = file.create_group("coords")
        coords.create_dataset("heights", data=[10.0, 20.0, 40.0])
        group = file.create_group("group")
        group.create_dataset("beside", data=[5, 6])
        labelled(group, "linked", (2, 3), ("b", "h"), coords__b="beside", coords_mode__b="linked", coords__h="../coords/heights",
                 coords_mode__h="linked")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def load(folder, names):
    manager = DataManager(folder, name="data", out_dir=False)
    for name in names:
        manager.load(name, loader="hdf5_proxy", glob_str=name, target_path=name)
    return manager


def label_lines(group, path=""):
    for name, node in group.items():
        here = f"{path}/{name}"
        if isinstance(node, OrderedDataGroup):
            yield from label_lines(node, here)
            continue
        data = node.data
        yield "\t".join([here, "dims", *data.dims])
        for coord, values in data.coords.items():
            kind = {"f": "float", "i": "int", "u": "uint"}.get(values.dtype.kind, "text")
            flat = [repr(v.item() if hasattr(v, "item") else v) if kind != "text" else str(v) for v in np.ravel(values.values)]
            if values.dtype == np.float32:  # xylem holds all floats in float64
                flat = [repr(float(v)) for v in np.ravel(values.values)]
            yield "\t".join([here, coord, kind, *flat])


def main(folder):
    assert os.environ.get("COLUMNS") == "80", "set COLUMNS=80"
    make_simulation(os.path.join(folder, "simulation.h5"))
    make_labels(os.path.join(folder, "labels.h5"))
    manager = load(folder, ["labels.h5", "simulation.h5"])
    simulation = manager["simulation.h5"]
    assert simulation["types/scalar"].data_is_proxy
    write(os.path.join(folder, "simulation.txt"), simulation.tree)
    write(os.path.join(folder, "simulation_condensed.txt"), simulation.tree_condensed)
    write(os.path.join(folder, "simulation_condensed_4.txt"), simulation._tree_repr(max_level=1, condense_thresh=4))
    write(os.path.join(folder, "simulation_condensed_1.txt"), simulation._tree_repr(max_level=3, condense_thresh=1))
    write(os.path.join(folder, "simulation_depth_2.txt"), simulation._tree_repr(max_level=1))
    write(os.path.join(folder, "labels.txt"), manager["labels.h5"].tree)
    write(os.path.join(folder, "both.txt"), manager._tree_repr(max_level=2, condense_thresh=10))
    write(os.path.join(folder, "coords.txt"), "\n".join(label_lines(manager["labels.h5"])) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
