"""xarray_peer.py threads|processes BLOCK_MIB TASK INPUT OUT.nc: a task of bench/suite/tasks.py with xarray and dask on two cores.

The field has no missing values, so they are not looked for (skipna=False), as the other peers do not.
"""
import contextlib
import glob
import os
import sys

import dask
import xarray

ALL = {"skipna": False}
TASKS = {
    "mean": lambda t: {"mean": t.mean(**ALL)},
    "time_mean": lambda t: {"mean": t.mean("time", **ALL)},
    "four": lambda t: {"mean": t.mean(**ALL), "std": t.std(**ALL), "min": t.min(**ALL), "max": t.max(**ALL)},
    "time_std": lambda t: {"std": t.std("time", **ALL)},
    "step_means": lambda t: {"mean": t.mean(("y", "x"), **ALL)},
}


def open_field(source, block):
    if os.path.isdir(source):
        files = sorted(glob.glob(os.path.join(source, "*.h5")))
        return xarray.open_mfdataset(files, engine="h5netcdf", combine="nested", concat_dim="time", data_vars="minimal", coords="minimal",
                                     compat="override", join="override", parallel=True)
    steps = max(1, block // (1 << 20))
    return xarray.open_dataset(source, engine="h5netcdf", chunks={"time": steps}, cache=False)


@contextlib.contextmanager
def two_workers(kind):
    if kind == "threads":
        with dask.config.set(scheduler="threads", num_workers=2):
            yield
        return
    # Not the scheduler "processes": it would send every block that several results want through a pipe.
    import distributed

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, distributed.Client(cluster):
        yield


def main():
    if sys.argv[2] == "start":  # and stop, which is how the start is measured
        with two_workers(sys.argv[1]):
            return
    kind, block, task, source, out = sys.argv[1:]
    with two_workers(kind):
        results = xarray.Dataset(TASKS[task](open_field(source, int(block) << 20).t)).compute()
    results.to_netcdf(out, engine="h5netcdf")


if __name__ == "__main__":
    main()
