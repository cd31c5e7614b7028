"""The plot: seconds of each program by task."""

TASKS = ("mean/uncompressed", "time_mean/uncompressed", "four/uncompressed", "time_std/uncompressed", "mean/uncompressed/tiny", "mean/deflate",
         "time_mean/deflate", "four/deflate", "time_std/deflate", "mean/deflate/tiny", "step_means/many")
MARKERS = {"xylem": "s", "limit": "|", "mpi4py": "o", "CDO": "^", "NCO": "v", "h5py": "D", "xarray+dask, threads": "x", "xarray+dask, 2 processes": "+"}


def draw(outcome, path):
    """Writes an SVG; shapes and not colours tell the programs apart."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot

    tasks = [task for key in TASKS for task in outcome["tasks"] if task["key"] == key]
    figure, axes = matplotlib.pyplot.subplots(figsize=(9, 0.42 * len(tasks) + 1.6), layout="constrained")
    for marker_name, marker in MARKERS.items():
        points = [(program["seconds"], row) for row, task in enumerate(tasks) for program in task["programs"]
                  if "seconds" in program and (program["name"] == marker_name or marker_name == "limit" and _is_limit(program["name"]))]
        if not points:
            continue
        size = 200 if marker == "|" else 60 if marker == "s" else 40
        filled = {"facecolors": "black" if marker == "s" else "none", "edgecolors": "black"} if marker in "so^vD" else {"color": "black"}
        axes.scatter(*zip(*points), marker=marker, s=size, label=marker_name, zorder=3, **filled)
    axes.set_xscale("log")
    axes.set_xlabel(f"seconds of the whole process, {outcome['field_bytes'] >> 20:,} MiB in the page cache")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="x", which="minor", labelsize=6)
    axes.set_yticks(range(len(tasks)), [task["title"] for task in tasks])
    axes.invert_yaxis()
    axes.grid(color="0.85", linewidth=0.6)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _is_limit(name):
    return name in ("pread and sum", "decode alone", "bare HDF5")
