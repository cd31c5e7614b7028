"""Makes the files of tests/tree/golden with dantro itself (pip install dantro; made with 0.21.2).

    COLUMNS=80 python3 make_golden.py ../tree/golden

HDF5 files, dantro's printed trees of them (loaded as proxies), and the dims and coords that dantro gives the resolved data.
In load/ the data directory `data`, load configurations, and the trees that dantro makes of them.
"""

import glob
import os
import sys

import dantro
import dantro.groups
import h5py
import numpy as np
from dantro.containers import XrDataContainer as LabelledContainer
from dantro.data_loaders import AllAvailableLoadersMixin
from dantro.groups import OrderedDataGroup
from dantro.mixins import Hdf5ProxySupportMixin
from dantro.tools import load_yml

TEXT = h5py.string_dtype()


class XrDataContainer(Hdf5ProxySupportMixin, LabelledContainer):
    pass


class DataManager(AllAvailableLoadersMixin, dantro.DataManager):
    _HDF5_DSET_DEFAULT_CLS = XrDataContainer
    _DATA_GROUP_CLASSES = {name: getattr(dantro.groups, name) for name in ("TimeSeriesGroup", "ParamSpaceGroup")}


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


def make_data(folder):
    """A data directory as dantro's documentation has it, and what its configurations do not meet."""
    for name in ("combined", "defaults", "machine", "update", "user"):
        write(os.path.join(folder, "config", name + "_cfg.yml"), "a: 1\n")
    for day in range(12):
        name = os.path.join(folder, "measurements", f"day{day:03d}")
        write(name + "_params.yml", f"day: {day}\n")
        with h5py.File(name + ".hdf5", "w", libver="latest") as file:
            labelled(file, "precipitation", (20 + day,), dtype="i8")
            labelled(file, "temperatures", (20 + day,), ("time",), "f8", coords_mode__time="trivial")
            sensors = file.create_group("sensor_data")
            sensors.attrs["some_attribute"] = "of a group"
            for sensor in range(12 if day == 0 else 1):
                labelled(sensors, f"sensor{sensor:03d}", (3, 9), dtype="f4")
    for state in (1, 2, 10):
        name = os.path.join(folder, f"sim_{state}")
        write(os.path.join(name, "params.yml"), "seed: 42\n")
        write(os.path.join(name, "sim.log"), "started\nended\n")
        with h5py.File(os.path.join(name, "Data.H5"), "w", libver="latest") as file:
            file.create_group("MixedCase").attrs["content"] = "time_series"
            labelled(file["MixedCase"], "T", (4, 5), ("X", "Y"), coords__X=[1, 2, 3, 4])
    for name, text in {"a_dict": "{a: 1, b: [2, 3]}", "a_list": "[1, 2, 3]", "a_number": "3", "a_real": "2.5", "a_text": "word", "a_truth": "true",
                       "nothing": "~", "quoted": "'3'"}.items():
        write(os.path.join(folder, "objects", name + ".yml"), text + "\n")
    write(os.path.join(folder, "pspace.yml"), "seed: 42\np: [1, 2]\n")
    write(os.path.join(folder, "foobar.yml"), "one: 1\n")


def load_cases(folder):
    """Every configuration in the folder, loaded; its printed trees beside it."""
    for path in sorted(glob.glob(os.path.join(folder, "*.yml"))):
        cfg = load_yml(path)
        options = cfg if "load_cfg" in cfg else {"load_cfg": cfg}
        manager = DataManager(os.path.join(folder, "data"), out_dir=False, create_groups=options.get("create_groups"))
        manager.load_from_cfg(load_cfg=options["load_cfg"], exists_action=options.get("exists_action", "raise"))
        write(path.replace(".yml", ".txt"), manager.tree)
        write(path.replace(".yml", "_condensed.txt"), manager.tree_condensed)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
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
    make_data(os.path.join(folder, "load", "data"))
    load_cases(os.path.join(folder, "load"))


if __name__ == "__main__":
    main(sys.argv[1])
