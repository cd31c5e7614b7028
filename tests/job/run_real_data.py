"""run_real_data.py PROGRAM MPIEXEC SCRATCH: a job over the files below $XYLEM_REAL_DATA, against the same analysis in xarray."""
import glob
import os
import shutil
import sys

import numpy as np
import xarray as xr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers"))
from harness import Report, Xylem, check_success
from labelled_files import open_result

JOB = """version: 1
data_dir: {folder}
out_dir: {out}
load:
  air: {{loader: hdf5_proxy, glob_str: cmip/A1B_north_america.nc, required: true}}
  months: {{loader: hdf5_proxy, glob_str: 'nemo/*.nc', required: true}}
combine:
  field: {{group: months, field: {name}, dim: time_counter, coords_from: data}}
select:
  south: {{path: air/air_temperature, sel: {{latitude: !slice [20, 40]}}}}
transform:
  - {{.mean: {{dim: time}}, args: [!dag_tag south], tag: clim}}
  - {{expression: "std(south - clim, time, ddof=1)", tag: anom_std}}
  - {{where: [!dag_tag south, ">", 280.0], tag: warm}}
  - {{.mean: {{dim: time_counter}}, args: [!dag_tag field], tag: mean_field}}
  - {{.max: {{dim: time_counter}}, args: [!dag_tag field], tag: most}}
  - {{.isel: {{time_counter: 1}}, args: [!dag_tag field], tag: second}}
store:
  - {{file: out.nc, chunks: auto, compression: {{gzip: 1}}}}
report: {{json: report.json}}
"""


def field_of(months):
    """The first float32 variable in time and space, of all months."""
    for name in months[0].data_vars:
        if "time_counter" in months[0][name].dims and months[0][name].ndim >= 3 and months[0][name].dtype == np.float32:
            return name, xr.concat([month[name].astype("f8") for month in months], "time_counter", coords="minimal", compat="override")
    raise SystemExit("no month has a field in time and space")


def main(program, mpiexec, scratch):
    folder = os.environ.get("XYLEM_REAL_DATA")
    if not folder:
        print("skipped: XYLEM_REAL_DATA names no folder of HDF5 files")
        sys.exit(77)
    folder = os.path.abspath(folder)
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    report, xylem = Report(), Xylem(program, mpiexec)
    name, field = field_of([xr.open_dataset(path, decode_times=False) for path in sorted(glob.glob(f"{folder}/nemo/*.nc"))])
    south = xr.open_dataset(f"{folder}/cmip/A1B_north_america.nc", decode_times=False)["air_temperature"].sel(latitude=slice(20, 40)).astype("f8")
    expected = {"clim": south.mean("time"), "anom_std": (south - south.mean("time")).std("time", ddof=1), "warm": south.where(south > 280.0),
                "mean_field": field.mean("time_counter"), "most": field.max("time_counter"), "second": field.isel(time_counter=1)}
    first = None
    for ranks in (1, 3):
        out = os.path.join(scratch, f"out{ranks}")
        job = os.path.join(scratch, "job.yml")
        with open(job, "w", encoding="utf-8") as file:
            file.write(JOB.format(folder=folder, out=out, name=name))
        if not check_success(report, xylem.run("run", job, ranks=ranks, time_limit=120), f"a job over real data on {ranks} ranks"):
            continue
        found = {tag: open_result(f"{out}/out.nc", tag) for tag in expected}
        first = first or found
        for tag, wanted in expected.items():
            values = found[tag].values
            report.check(found[tag].dims == wanted.dims, f"{tag}: dims {found[tag].dims}, not {wanted.dims}")
            scale = np.nanmax(np.abs(wanted.values), initial=0)
            report.check(values.shape == wanted.shape and np.allclose(values.astype("f8"), wanted.values, rtol=1e-12, atol=1e-12 * scale, equal_nan=True),
                         f"{tag} is not what xarray finds")
            report.check(values.tobytes() == first[tag].values.tobytes(), f"{tag}: other bytes on {ranks} ranks")
            for dim in wanted.dims:
                if dim in wanted.coords:
                    report.check(dim in found[tag].coords and np.array_equal(found[tag].coords[dim], wanted.coords[dim].values), f"{tag}: coord {dim}")
    report.finish()


main(*sys.argv[1:])
