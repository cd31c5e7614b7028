"""Dims, coords and metadata that xylem tells of HDF5 files, against what h5py reads in them: random files with dimension scales
as HDF5 and netCDF-4 write them, or, with `real_data` as second argument, all files below $XYLEM_REAL_DATA.

Dims are worked out as h5netcdf does (https://github.com/h5netcdf/h5netcdf, _lookup_dimensions), names by `coordinates` and
`dim_<i>` in place of its phony ones.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

import h5py
import numpy as np

PURE = "This is a netCDF dimension but not a netCDF variable"
HIDDEN = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "DIMENSION_LABELS", "_Netcdf4Dimid", "_NCProperties",
          "_Netcdf4Coordinates", "_nc3_strict", "_NCCOPY"}


def attribute_text(dataset, name):
    try:
        value = dataset.attrs.get(name, "")
    except OSError:
        return ""
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode(errors="replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def is_scale(dataset):
    return attribute_text(dataset, "CLASS") == "DIMENSION_SCALE"


def is_pure_dim(dataset):
    return is_scale(dataset) and attribute_text(dataset, "NAME").startswith(PURE)


def dim_of_number(group, number):
    while True:
        for name, member in members(group):
            if isinstance(member, h5py.Dataset) and is_scale(member) and member.attrs.get("_Netcdf4Dimid") == number:
                return name
        if group.name == "/":
            return None
        group = group.parent


def dims_of(dataset):
    if dataset.shape is None:
        return []
    names = []
    own = dataset.name.rsplit("/", 1)[1]
    for axis, dim in enumerate(dataset.dims):
        name = dim.label
        if not name and len(dim):
            name = dim[0].name.rsplit("/", 1)[1]
        if not name and is_scale(dataset):
            numbers = dataset.attrs.get("_Netcdf4Coordinates", [])
            name = dim_of_number(dataset.parent, numbers[axis]) if len(numbers) == dataset.ndim else None
            name = name or (own if dataset.ndim == 1 else None)
        names.append(name if name and name not in names else None)
    return names


def coordinate_variables(dataset):
    """The datasets that `coordinates` names, by CF's rules for plain names."""
    found = {}
    for name in attribute_text(dataset, "coordinates").split():
        group = dataset.parent
        while not isinstance(group.get(name), h5py.Dataset) and group.name != "/":
            group = group.parent
        variable = group.get(name)
        if isinstance(variable, h5py.Dataset) and variable.shape is not None and not is_pure_dim(variable) and variable != dataset:
            found[name] = variable
    return found


def all_dims_of(dataset):
    """What scales leave without a name is named by the one coordinate variable of its length, if there is just one of each."""
    names = dims_of(dataset)
    free = [dataset.shape[axis] for axis, name in enumerate(names) if name is None]
    for axis, name in enumerate(names):
        candidates = [n for n, v in coordinate_variables(dataset).items() if v.shape == (dataset.shape[axis],) and dims_of(v) == [None]]
        if name is None and free.count(dataset.shape[axis]) == 1 and len(candidates) == 1 and candidates[0] not in names:
            names[axis] = candidates[0]
    return [name or f"dim_{axis}" for axis, name in enumerate(names)]


def coordinates_of(dataset, dims):
    """Those that fit the dims of the dataset."""
    sizes = dict(zip(dims, dataset.shape or ()))
    found = set()
    for name, variable in coordinate_variables(dataset).items():
        own = dims_of(variable)
        if own == [None]:
            own = [name]
        same = own.count(None) == len(own) and variable.shape == dataset.shape
        if same or all(sizes.get(dim) == size for dim, size in zip(own, variable.shape)):
            found.add(name)
    return found


def members(group):
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            yield name, group[name]


def datasets_of(group, seen):
    for name, member in members(group):
        if member.id in seen:
            continue
        seen.append(member.id)
        if isinstance(member, h5py.Dataset):
            yield member
        elif isinstance(member, h5py.Group):
            yield from datasets_of(member, seen)


def containers_of(node):
    if node["kind"] == "dataset":
        yield node
    for member in node.get("members", []):
        yield from containers_of(member)


def differences(dataset, node):
    """What of one dataset differs: (what, xylem's, h5py's)."""
    dims = all_dims_of(dataset)
    dtype = dataset.dtype
    expected = {
        "dims": dims,
        "shape": None if dataset.shape is None else list(dataset.shape),
        "max_shape": list(dataset.maxshape or []),
        "chunks": list(dataset.chunks) if dataset.chunks else None,
        "attributes": sorted(set(dataset.attrs) - HIDDEN),
    }
    if dtype.kind in "iuf" and h5py.check_enum_dtype(dtype) is None:
        expected["dtype"] = dtype.newbyteorder("=").name
    ours = dict(node, attributes=sorted(node["attributes"]))
    for what, value in expected.items():
        if ours[what] != value:
            yield what, ours[what], value
    coords = {coord["name"] for coord in node["coords"]}
    missing = coordinates_of(dataset, dims) - coords - {dataset.name.rsplit("/", 1)[1]}
    if missing:
        yield "coordinates", sorted(coords), sorted(missing)
    for axis, dim in enumerate(dataset.dims if dataset.shape else []):
        scale = dim[0] if len(dim) and not dim.label else None
        if scale is None or scale.shape != (dataset.shape[axis],) or dims[axis] != scale.name.rsplit("/", 1)[1]:
            continue
        if (dims[axis] in coords) == is_pure_dim(scale):
            yield "scale as coord", sorted(coords), scale.name


def check_file(tree):
    """The number of datasets, and what differs."""
    path = tree["name"]
    nodes = {node["path"]: node for node in containers_of(tree)}
    with h5py.File(path, "r") as file:
        datasets = {dataset.name: dataset for dataset in datasets_of(file, [])}
        if sorted(nodes) != sorted(datasets):
            return 0, [f"{path}: the datasets are {sorted(nodes)}, h5py's {sorted(datasets)}"]
        wrong = [f"{path}:{name}: {what}: {ours}, h5py: {theirs}"
                 for name, dataset in datasets.items() for what, ours, theirs in differences(dataset, nodes[name])]
    return len(nodes), wrong


def check(program, paths):
    answer = subprocess.run([program, *paths], capture_output=True, text=True)
    own_lines = [line for line in answer.stderr.splitlines() if line.startswith("xylem:")]  # MPI may have its own to say
    assert answer.returncode == 0 and not own_lines, (answer.returncode, answer.stderr)
    trees = json.loads(answer.stdout)
    assert sorted(tree["name"] for tree in trees) == sorted(paths)
    results = [check_file(tree) for tree in trees]
    wrong = [line for _, lines in results for line in lines]
    datasets = sum(count for count, _ in results)
    print("\n".join(wrong[:20]))
    print(f"{datasets} datasets, {len(wrong)} differences")
    assert datasets > 100, "too few datasets to tell anything"
    return 1 if wrong else 0


def make_dim(random, group, name, size, number):
    """A dim as netCDF-4 keeps it: a scale, with or without a variable of its own."""
    scale = group.create_dataset(name, (size,), dtype=random.choice(["f4", "i4", ">f8"]))
    scale.make_scale(f"{PURE}{size:10d}" if random.random() < 0.3 else random.choice([name, ""]))
    scale.attrs["_Netcdf4Dimid"] = np.int32(number)
    return scale


def make_file(random, path):
    with h5py.File(path, "w") as file:
        groups = [file, file.create_group("g"), file.create_group("g/h")]
        scales = []
        for group in groups:
            for name in random.sample(["time", "lat", "lon", "höhe", "x"], random.randrange(4)):
                scales.append(make_dim(random, group, name, random.randrange(1, 5), len(scales)))
        for i in range(12):
            group = random.choice(groups)
            visible = [scale for scale in scales if group.name.startswith(scale.parent.name)]
            dims = [random.choice(visible + [None]) for _ in range(random.randrange(4))]
            shape = [random.randrange(1, 5) if dim is None else dim.shape[0] for dim in dims]
            data = group.create_dataset(f"v{i}", shape, dtype="f4", chunks=tuple(shape) if shape and random.random() < 0.5 else None)
            if random.random() < 0.15 and all(dim is not None for dim in dims) and len(dims) > 1 and dims[0].parent == group:
                data.make_scale(f"v{i}")  # a coordinate variable of several dims has numbers instead of scales
                data.attrs["_Netcdf4Coordinates"] = np.array([dim.attrs["_Netcdf4Dimid"] for dim in dims], dtype="i4")
                continue
            for axis, dim in enumerate(dims):
                if dim is not None:
                    data.dims[axis].attach_scale(dim)
                if random.random() < 0.1:
                    data.dims[axis].label = random.choice(["a", "b", "c"])
            if random.random() < 0.4:
                data.attrs["coordinates"] = " ".join(f"v{random.randrange(12)}" for _ in range(3))


def main(program, mode="generated"):
    if mode == "real_data":
        folder = os.environ.get("XYLEM_REAL_DATA")
        if not folder:
            print("skipped: XYLEM_REAL_DATA names no folder of HDF5 files")
            return 77
        paths = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]
        return check(program, [path for path in paths if h5py.is_hdf5(path)])
    seed = int(os.environ.get("XYLEM_TEST_SEED", 1))
    print(f"seed {seed}")
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        paths = [os.path.join(scratch, f"{i}.h5") for i in range(40)]
        for path in paths:
            make_file(source, path)
        return check(program, paths)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
