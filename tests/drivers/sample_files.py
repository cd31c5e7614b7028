"""Writes HDF5 files with every way of storing numbers that xylem reads, for the end-to-end tests. The same for the same seed."""
import os

import h5py
import numpy as np

NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


def random_values(rng, dtype, shape):
    """Values over the whole range of a type; floats of many magnitudes, some NaN, infinite, zero and subnormal."""
    dtype = np.dtype(dtype)
    n = int(np.prod(shape))
    if dtype.kind == "b":
        values = rng.integers(0, 2, n).astype(bool)
    elif dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, n, dtype=dtype.newbyteorder("="), endpoint=True)
    else:
        spread = {2: 3, 4: 30, 8: 250}[dtype.itemsize] * rng.integers(0, 2)  # narrow or wide
        with np.errstate(all="ignore"):
            values = (rng.standard_normal(n) * 10.0 ** rng.uniform(-spread, spread, n) + rng.choice([0, 1e3])).astype(dtype)
        for special in (np.nan, 0.0, -0.0, np.finfo(dtype).tiny / 4):
            values[rng.random(n) < 0.02] = special
        if rng.random() < 0.1:
            values[rng.random(n) < 0.02] = rng.choice([np.inf, -np.inf])
    return values.astype(dtype).reshape(shape)


def write_low_level(group, name, file_type, space, values=None, memory_type=None, properties=None):
    dataset = h5py.h5d.create(group.id, name.encode(), file_type, space, dcpl=properties)
    if values is not None:
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, memory_type)
    return dataset


def random_shapes(path, rng, count):
    """Random shapes, chunk shapes, types, filters, extents and parts written."""
    filters = [{}, {}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}, {"fletcher32": True}, {"shuffle": True}]
    if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
        filters.append({"compression": "szip"})
    with h5py.File(path, "w") as file:
        for i in range(count):
            group = file.require_group(f"g{i % 7}")
            dtype = np.dtype(rng.choice([*NUMBERS, "?"])).newbyteorder(rng.choice(["<", ">"]))
            rank = int(rng.integers(0, 5))
            shape = tuple(int(n) for n in rng.integers(0 if rng.random() < 0.05 else 1, {0: 1, 1: 3000, 2: 60, 3: 16, 4: 8}[rank], rank, endpoint=True))
            values = random_values(rng, dtype, shape)
            options = {}
            if rank > 0 and rng.random() < 0.75:
                options["chunks"] = tuple(int(n) for n in rng.integers(1, [max(2, n + n // 2) for n in shape], endpoint=True))
                if np.prod([-(-n // c) for n, c in zip(shape, options["chunks"])], dtype=float) > 500:
                    options["chunks"] = tuple(max(1, n // 3) for n in shape)
                options["maxshape"] = tuple(None if rng.random() < 0.5 else max(n, c) for n, c in zip(shape, options["chunks"]))
                options.update(filters[rng.integers(len(filters))])
                if options.get("compression") == "szip" and (dtype.kind == "b" or np.prod(options["chunks"]) < 32):
                    del options["compression"]
            if rng.random() < 0.3 and dtype.kind != "b":
                options["fillvalue"] = dtype.type(rng.integers(0, 100))
            dataset = group.create_dataset(f"d{i}", shape, dtype, **options)
            part = rng.random()
            if part < 0.75 or rank == 0:
                dataset[...] = values
            elif part < 0.95:  # a corner: other chunks stay unallocated
                corner = tuple(slice(int(rng.integers(0, n + 1)), n) for n in shape)
                dataset[corner] = values[corner]


def layouts(path, rng):
    """Contiguous, compact, chunked, unallocated and partly written, with and without fill values; odd shapes."""
    with h5py.File(path, "w") as file:
        file["contiguous"] = random_values(rng, "f4", (40, 50))
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        values = random_values(rng, "i2", (30, 7))
        write_low_level(file, "compact", h5py.h5t.STD_I16BE, h5py.h5s.create_simple(values.shape), values, properties=compact)
        write_low_level(file, "compact_unwritten", h5py.h5t.STD_I16LE, h5py.h5s.create_simple((3,)), properties=compact)
        file.create_dataset("chunk_larger", data=random_values(rng, "f8", (3, 5)), chunks=(64, 64), maxshape=(None, None))
        file.create_dataset("overhang", data=random_values(rng, "i4", (33, 65)), chunks=(32, 64), compression="gzip")
        file.create_dataset("unallocated", (100, 200), "f4", chunks=(10, 20))
        file.create_dataset("unallocated_fill", (100, 200), "f8", chunks=(10, 20), fillvalue=0.1)
        file.create_dataset("unallocated_nan", (100, 200), "f4", chunks=(10, 20), fillvalue=np.nan)
        file.create_dataset("unallocated_contiguous", (1000,), "u8", fillvalue=2**64 - 1)
        file.create_dataset("unallocated_big_endian", (11, 3), ">i4", fillvalue=-7)
        partial = file.create_dataset("partial", (100, 100), "i4", chunks=(10, 10), fillvalue=5, compression="gzip")
        partial[25:35, 40:41] = 9
        grown = file.create_dataset("grown", (10, 10), "f8", chunks=(4, 4), maxshape=(None, None), fillvalue=-1.5)
        grown[...] = 2.0
        grown.resize((17, 9))
        shrunk = file.create_dataset("shrunk", (64,), "i8", chunks=(8,), maxshape=(None,))
        shrunk[...] = np.arange(64)
        shrunk.resize((9,))
        for fill in (None, 5):
            for filter_id in (None, h5py.h5z.FILTER_SCALEOFFSET):
                never = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                never.set_chunk((4,))
                never.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
                if fill is not None:
                    never.set_fill_value(np.array(fill, "i4"))
                if filter_id is not None:
                    never.set_scaleoffset(h5py.h5z.SO_INT, 0)
                dataset = write_low_level(file, f"fill_never_{fill}_{filter_id}", h5py.h5t.STD_I32LE, h5py.h5s.create_simple((80,)), properties=never)
                h5py.Dataset(dataset)[40:44] = [1, 2, 3, 4]
        file.create_dataset("many_chunks", data=np.arange(100_000, dtype="u2"), chunks=(2,))
        for name, shape in {"zero": (0,), "zero_middle": (3, 0, 5)}.items():
            file.create_dataset(name, shape, "f8")
            file.create_dataset(name + "_chunked", shape, "i4", chunks=tuple(4 for _ in shape), maxshape=tuple(None for _ in shape))
        file["null"] = h5py.Empty("f4")
        file["null_integer"] = h5py.Empty("i2")
        file["many_dims"] = random_values(rng, "u1", (1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 3))


def types(path, rng):
    """Every numeric type in both byte orders, scalar and array; enums; precisions that do not fill their bytes; bit fields."""
    with h5py.File(path, "w") as file:
        for code in NUMBERS:
            for order in "<>":
                dtype = np.dtype(order + code)
                name = f"{code}_{'little' if order == '<' else 'big'}"
                file[f"array/{name}"] = random_values(rng, dtype, (257,))
                file[f"scalar/{name}"] = random_values(rng, dtype, ())
                file[f"extremes/{name}"] = np.array(extremes(np.dtype(code)), dtype)
        file["bool"] = random_values(rng, "?", (100,))
        file["bool_scalar"] = np.True_
        for base in ("i1", "u2", "i8", ">i2"):
            colours = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 100}, basetype=base)
            file.create_dataset(f"enum_{base.replace('>', 'be_')}", data=rng.choice([0, 1, 100], 50).astype(base), dtype=colours)
        # HDF5 2 takes none of which a smaller type would have room for the bits.
        for base, bits, offset in ((h5py.h5t.STD_I16LE, 12, 0), (h5py.h5t.STD_I16LE, 9, 3), (h5py.h5t.STD_I32LE, 17, 15)):
            odd = base.copy()
            odd.set_precision(bits)
            odd.set_offset(offset)
            values = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (20, 10), dtype="i4")
            write_low_level(file, f"precision_{bits}_{offset}", odd, h5py.h5s.create_simple(values.shape), values, h5py.h5t.NATIVE_INT32)
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_chunk((7, 7))
            properties.set_filter(h5py.h5z.FILTER_NBIT)
            write_low_level(file, f"nbit_{bits}_{offset}", odd, h5py.h5s.create_simple(values.shape), values, h5py.h5t.NATIVE_INT32, properties)
        unsigned = h5py.h5t.STD_U16BE.copy()
        unsigned.set_precision(10)
        write_low_level(file, "precision_unsigned", unsigned, h5py.h5s.create_simple((100,)), rng.integers(0, 1024, 100, dtype="u2"), h5py.h5t.NATIVE_UINT16)


def extremes(dtype):
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return [info.max, info.min, info.max, info.max, 0, 1]
    info = np.finfo(dtype)
    return [info.max, info.max, -info.max, info.smallest_subnormal, -info.smallest_subnormal, info.tiny, 1, 0]


def filters(path, rng):
    """The filters that HDF5 itself brings."""
    with h5py.File(path, "w") as file:
        values = np.cumsum(rng.integers(-3, 4, (90, 70)), axis=1).astype("i4")
        reals = np.round(np.cumsum(rng.standard_normal((90, 70)), axis=0), 2)
        chunked = {"chunks": (32, 32)}
        file.create_dataset("deflate", data=values, compression="gzip", compression_opts=9, **chunked)
        file.create_dataset("shuffle_deflate", data=reals, compression="gzip", shuffle=True, **chunked)
        file.create_dataset("fletcher32", data=reals.astype("f4"), fletcher32=True, **chunked)
        file.create_dataset("all", data=values, fletcher32=True, shuffle=True, compression="gzip", **chunked)
        file.create_dataset("scaleoffset_integer", data=values, scaleoffset=0, **chunked)
        file.create_dataset("scaleoffset_real", data=reals, scaleoffset=2, **chunked)
        if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
            file.create_dataset("szip", data=reals, compression="szip", **chunked)
        # A filter that a chunk did not go through: the mask says so.
        masked = file.create_dataset("masked", (64,), "i4", chunks=(32,), compression="gzip")
        masked[...] = np.arange(64)
        masked.id.write_direct_chunk((32,), np.arange(100, 132, dtype="i4").tobytes(), filter_mask=1)


def sums(path, rng):
    """Sums that do not fit in 64 bits, that cancel, and that plain addition gets wrong."""
    with h5py.File(path, "w") as file:
        file["beyond_int64"] = np.full(1000, 2**63 - 1, "i8")
        file["below_int64"] = np.full(1000, -(2**63), "i8")
        file["uint64"] = rng.integers(2**63, 2**64, 5000, dtype="u8")
        file["noise"] = 1e9 + 1e-3 * rng.standard_normal(20000)
        file["noise32"] = (1e6 + rng.standard_normal(20000)).astype("f4")
        file["subnormal"] = rng.integers(1, 100, 999).astype("u8").view("f8")
        file["subnormal32"] = rng.integers(1, 100, 999).astype("u4").view("f4")
        file["cancel"] = np.concatenate([[1e308, 1e308, 1e-300], [-1e308, -1e308], rng.standard_normal(50)])
        file["overflow"] = np.full(10, 1.7e308)
        file["infinite"] = np.array([1.0, np.inf, 2.0])
        file["both_infinite"] = np.array([-np.inf, np.inf, 2.0], "f4")
        file["all_nan"] = np.full((5, 5), np.nan)
        file["minus_zero"] = np.array([-0.0, -0.0])
        file["zeros"] = np.array([0.0, -0.0])
        file["constant"] = np.full(12345, 0.1)
        file["one"] = np.array([1 / 3])
        blocks = np.concatenate([rng.standard_normal(100_000) * 10.0**k for k in (-200, -3, 0, 9, 150)])
        file.create_dataset("wide", data=blocks, chunks=(7777,))
        file.create_dataset("long", data=rng.standard_normal((300, 1000)).astype("f4"), chunks=(16, 900), compression="gzip", compression_opts=1)


def conventions(path, rng):
    """CF and netCDF attributes in all combinations that files have."""
    with h5py.File(path, "w") as file:
        def add(name, values, **attributes):
            file[name] = values
            for key, value in attributes.items():
                file[name].attrs[key] = value

        i2 = rng.integers(-100, 100, (30, 40)).astype("i2")
        f4 = rng.standard_normal((30, 40)).astype("f4")
        f4[3:5] = 1e20
        u1 = rng.integers(0, 256, 500).astype("u1")
        i1 = rng.integers(-128, 128, 500).astype("i1")
        add("fill", i2, _FillValue=np.int16(7))
        add("fill_wider", i2, _FillValue=np.int64(7))
        add("fill_float_for_integer", i2, _FillValue=np.float64(7))
        add("fill_fraction_for_integer", i2, _FillValue=np.float64(7.5))
        add("fill_out_of_range", i2, _FillValue=np.int32(70000))
        add("fill_float", f4, _FillValue=np.float32(1e20))
        add("fill_double_for_float", f4, _FillValue=np.float64(1e20))
        add("fill_nan", f4, _FillValue=np.float32(np.nan))
        add("missing_value", i2, missing_value=np.array([1, 2, 3], "i2"))
        add("fill_and_missing", i2, _FillValue=np.int16(-1), missing_value=np.int16(5))
        add("scale", i2, scale_factor=np.float32(0.01))
        add("offset", i2, add_offset=273.15)
        add("scale_offset", i2, scale_factor=0.01, add_offset=np.float32(273.15), _FillValue=np.int16(0))
        add("scale_integer", i2, scale_factor=np.int32(10))
        add("scale_float", f4, scale_factor=3.0, add_offset=-1e-3, _FillValue=np.float32(1e20))
        add("range", i2, valid_range=np.array([-50, 50], "i2"))
        add("range_one_sided", i2, valid_min=np.int16(-20))
        add("range_beside_min", i2, valid_range=np.array([-50, 50], "i2"), valid_min=np.int16(10))
        add("range_packed", i2, valid_range=np.array([-50, 50], "i2"), scale_factor=0.1)
        add("range_unpacked", i2, valid_range=np.array([-5.0, 5.0]), scale_factor=0.1)
        add("range_float32_unpacked", i2, valid_max=np.float32(5), scale_factor=np.float32(0.1))
        add("range_wider", i2, valid_range=np.array([-1000000, 1000000], "i4"))
        add("range_empty", i2, valid_min=np.int32(1000000))
        add("range_fraction", i2, valid_range=np.array([-5.5, 5.5]))
        add("range_real", f4, valid_min=np.float32(-0.5), valid_max=np.float32(0.5))
        add("unsigned", i1, _Unsigned="true")
        add("unsigned_fill", i1, _Unsigned="true", _FillValue=np.int8(-1))
        add("unsigned_range", i1, _Unsigned="true", valid_range=np.array([0, -56], "i1"))
        add("unsigned_scaled", i1, _Unsigned="true", scale_factor=0.5, _FillValue=np.int8(-1), add_offset=1.0)
        add("signed", u1, _Unsigned="false", _FillValue=np.uint8(255))
        add("all_missing", np.full(50, -99, "i4"), missing_value=np.int32(-99))
        add("string_fill", i2, _FillValue="7")
        add("array_fill", i2, _FillValue=np.array([7], "i2"))
        add("scale_zero", i2, scale_factor=0.0, add_offset=5.0)
        add("flag", rng.integers(0, 2, 50).astype(bool), _FillValue=np.uint8(0))
        add("big_endian", f4.astype(">f4"), _FillValue=np.array(1e20, ">f4"), scale_factor=np.array(2.0, ">f8"))
        add("half", f4.clip(-1, 1).astype("f2"), _FillValue=np.float16(1), valid_min=np.float16(-0.5))
        add("int64", rng.integers(-(2**62), 2**62, 300), _FillValue=np.int64(-(2**63)), valid_max=np.int64(2**61))
        fill = file.create_dataset("unwritten", (40, 40), "i2", chunks=(10, 10), fillvalue=-999)
        fill.attrs["_FillValue"] = np.int16(-999)
        fill[5:12, :] = 4
        for i in range(60):  # random combinations
            dtype = np.dtype(rng.choice(["i1", "i2", "i4", "u1", "u2", "f4", "f8"]))
            values = rng.integers(0 if dtype.kind == "u" else -100, 100, 200).astype(dtype)
            attributes = {}
            kinds = [dtype, np.dtype("f4"), np.dtype("f8")]
            pick = lambda: kinds[rng.integers(3)].type(rng.integers(0, 100))
            for name in ("_FillValue", "missing_value", "valid_min", "valid_max", "scale_factor", "add_offset"):
                if rng.random() < 0.35:
                    attributes[name] = pick()
            if rng.random() < 0.3:
                attributes["valid_range"] = np.sort(rng.integers(-80, 100, 2)).astype(kinds[rng.integers(1, 3)])
            if rng.random() < 0.3:
                attributes["_Unsigned"] = str(rng.choice(["true", "false"]))
            add(f"random/{i}", values, **attributes)


def links(path, rng):
    """Hard, soft and external links, cycles, things that are not numbers, elements that stand in other files."""
    folder = os.path.dirname(path)
    with h5py.File(os.path.join(folder, "elsewhere.h5"), "w") as other:
        other["x"] = np.arange(10)
    raw = rng.standard_normal(300)
    raw.tofile(os.path.join(folder, "raw.bin"))
    with h5py.File(path, "w") as file:
        file["a/b/x"] = np.arange(6.0)
        file["a/second_name"] = file["a/b/x"]
        file["above"] = file["a/b/x"]
        file["a/b/up"] = file["a"]  # a cycle of hard links
        file["root"] = file["/"]
        file["soft"] = h5py.SoftLink("/a/b/x")
        file["loop"] = h5py.SoftLink("/loop")
        file["dangling"] = h5py.SoftLink("/nothing")
        file["external"] = h5py.ExternalLink("elsewhere.h5", "/x")
        file["external_missing"] = h5py.ExternalLink("not_there.h5", "/x")
        file["type"] = np.dtype("f8")
        file["string"] = "text"
        file["strings"] = np.array([b"a", b"bc"])
        file["compound"] = np.zeros(3, [("a", "i4"), ("b", "f8")])
        file.create_dataset("vlen", (2,), h5py.vlen_dtype("i4"))
        file.create_dataset("reference", (2,), h5py.ref_dtype)
        file["opaque"] = np.void(b"1234")
        file["complex"] = np.zeros(3, "c16")
        file.create_dataset("array", (2,), "(3,)f4")
        outside = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        outside.set_external(b"raw.bin", 0, 2400)
        write_low_level(file, "external_storage", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((300,)), properties=outside)
    with h5py.File(os.path.join(folder, "source.h5"), "w") as source:
        source.create_dataset("x", data=np.arange(20, dtype="i4"), chunks=(4,))
    with h5py.File(os.path.join(folder, "virtual.h5"), "w", libver="latest") as file:
        layout = h5py.VirtualLayout((3, 20), "i4")
        layout[1] = h5py.VirtualSource("source.h5", "x", (20,))
        layout[2, :5] = h5py.VirtualSource("source.h5", "x", (20,))[10:15]
        file.create_virtual_dataset("virtual", layout, fillvalue=-4)


def newest_format(path, rng):
    """What `libver="latest"` writes: other chunk indexes, dense groups and attributes, tracked creation order."""
    with h5py.File(path, "w", libver="latest", track_order=True) as file:
        for name in ("zebra", "apple", "mango"):
            file.create_group(name, track_order=True)["data"] = random_values(rng, "f8", (10,))
        for maxshape, name in (((50, 50), "fixed"), ((None, 50), "one_unlimited"), ((None, None), "two_unlimited")):
            for compression in (None, "gzip"):
                file.create_dataset(f"{name}_{compression}", data=random_values(rng, "i4", (50, 50)), chunks=(7, 9), maxshape=maxshape, compression=compression)
        file.create_dataset("single_chunk", data=random_values(rng, "f4", (5, 6)), chunks=(5, 6))
        for i in range(40):
            file[f"many/{i:03}"] = i
        dataset = file.create_dataset("attributes", data=np.arange(9))
        for i in range(40):
            dataset.attrs[f"a{i}"] = i


def write_all(folder, seed=1):
    """All files into a folder; returns the names of those to be given to xylem."""
    rng = np.random.default_rng(seed)
    for write in (layouts, types, filters, sums, conventions, links, newest_format):
        write(os.path.join(folder, write.__name__ + ".h5"), rng)
    for i in range(4):
        random_shapes(os.path.join(folder, f"random_{i}.h5"), rng, 100)
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".h5"))
