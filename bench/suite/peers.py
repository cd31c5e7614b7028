"""The peers' commands, as one who knows them would write them (docs/performance.md says what was tried and is slower)."""
import os
import shutil

from .measure import Program

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
FLOAT32 = 2e-6  # sums that are kept or stored in float32
CANCELLED = 2e-3  # standard deviations out of a mean square and a mean that are stored in float32
BLOCK_MIB = 32  # of dask's blocks: of 16, 32 and 64 it takes the least time with two threads, and hardly more with two processes
NAMES = {"mean": ("mean",), "time_mean": ("mean",), "four": ("mean", "std", "min", "max"), "time_std": ("std",), "step_means": ("mean",)}

# One pass over the data, and the rest on one number a step; -L because several operators of the second read a file at once.
CDO_FOUR = """cdo {flags} -P 2 -expr,'m=fldmean(t);q=fldmean(sqr(t));lo=fldmin(t);hi=fldmax(t)' {source} {out}.tmp
cdo {flags} -L -expr,'mean=m;min=lo;max=hi;std=sqrt(q-m*m)' -merge -timmean -selname,m,q {out}.tmp -timmin -selname,lo {out}.tmp \
-timmax -selname,hi {out}.tmp {out}"""
CDO_FOUR_OPERATORS = """cdo {flags} -P 2 -L -merge -setname,mean -timmean -fldmean {source} -setname,min -timmin -fldmin {source} \
-setname,max -timmax -fldmax {source} -setname,std -sqrt -sub -timmean -fldmean -sqr {source} -sqr -timmean -fldmean {source} {out}"""
CDO = {
    "mean": "cdo {flags} -P 2 -setname,mean -timmean -fldmean {source} {out}",
    "time_mean": "cdo {flags} -P 2 -setname,mean -timmean {source} {out}",
    "time_std": "cdo {flags} -P 2 -setname,std -timstd {source} {out}",
    "step_means": "cdo {flags} -P 2 -setname,mean -fldmean -cat '{source}/*.h5' {out}",
    "four": CDO_FOUR,
}
# ncra reads step by step; ncwa and ncap2 would hold the whole field. One process for each core where there are two passes.
NCO = {
    "mean": "ncra -O -t 2 -y avg -v t {source} {out}.avg; ncwa -O -y avg -v t {out}.avg {out}; ncrename -O -v t,mean {out}",
    "time_mean": "ncra -O -t 2 -y avg -v t {source} {out}; ncrename -O -v t,mean {out}",
    "time_std": """(ncra -O -y avg -v t {source} {out}.avg; ncrename -O -v t,avg {out}.avg) & first=$!
ncra -O -y rms -v t {source} {out}.rms; wait $first
ncks -A -v avg {out}.avg {out}.rms; ncap2 -O -v -s 'std=sqrt(double(t)^2-double(avg)^2)' {out}.rms {out}""",
    "step_means": "ncrcat -O -t 2 -v t {source}/*.h5 {out}.all; ncwa -O -t 2 -y avg -a y,x -v t {out}.all {out}; rm {out}.all; ncrename -O -v t,mean {out}",
    "four": """(for y in avg min; do ncra -O -y $y -v t {source} {out}.$y; done) & first=$!
for y in max rms; do ncra -O -y $y -v t {source} {out}.$y; done; wait $first
for y in avg min max rms; do ncwa -O -y $y -v t {out}.$y {out}.$y.0; ncrename -O -v t,$y {out}.$y.0; ncks -A -v $y {out}.$y.0 {out}.rms.0; done
ncap2 -O -v -s 'mean=avg;min=min;max=max;std=sqrt(double(rms)^2-double(avg)^2)' {out}.rms.0 {out}""",
}


class Peers:
    """Those that are there, and why the others are not. Without a python of their own there are none."""

    def __init__(self, commands, data, python):
        self.commands, self.data, self.python = commands, data, python
        self.missing = {}
        for name, program in (("CDO", "cdo"), ("NCO", "ncra"), ("h5repack", "h5repack")):
            if not shutil.which(program):
                self.missing[name] = f"{program} is not installed"

    def has(self, name):
        return self.python is not None and name not in self.missing

    def starts(self):
        """What each takes to start, without data."""
        if not self.python:
            return {}
        imports = {"mpi4py": "import h5py, mpi4py.MPI", "h5py": "import h5py", "xarray+dask, threads": "import xarray, dask.array, h5netcdf"}
        starts = {name: [self.python, "-c", text] for name, text in imports.items()}
        starts["mpi4py"] = [*self.commands.mpirun, *starts["mpi4py"]]
        starts["xarray+dask, 2 processes"] = [self.python, os.path.join(SCRIPTS, "xarray_peer.py"), "processes", "start"]
        if self.has("CDO"):
            starts["CDO"] = ["cdo", "--version"]
        if self.has("NCO"):
            starts["NCO"] = ["ncra", "--version"]
        return starts

    def programs(self, key, operation, source):
        """A Program of each for one task."""
        if not self.python:
            return []
        programs = []
        if self.has("CDO"):
            programs.append(self._shell("CDO", key, operation, source, CDO[operation]))
            if operation == "four":
                programs.append(self._shell("CDO, an operator each", key, operation, source, CDO_FOUR_OPERATORS))
        if self.has("NCO"):
            programs.append(self._shell("NCO", key, operation, source, NCO[operation], CANCELLED if "four" in key or "std" in key else FLOAT32))
        python = {
            "mpi4py": [*self.commands.mpirun, self.python, os.path.join(SCRIPTS, "mpi4py_peer.py")],
            "h5py": [self.python, os.path.join(SCRIPTS, "h5py_peer.py")],
            "xarray+dask, threads": [self.python, os.path.join(SCRIPTS, "xarray_peer.py"), "threads", str(BLOCK_MIB)],
            "xarray+dask, 2 processes": [self.python, os.path.join(SCRIPTS, "xarray_peer.py"), "processes", str(BLOCK_MIB)],
        }
        for name, command in python.items():
            out = self._out(name, key)
            environment = {"OMP_NUM_THREADS": None} if name == "h5py" else {}
            programs.append(Program(name, [*command, operation, source, out], from_file(out, NAMES[operation]), 1e-4 if "std" in operation or operation == "four" else FLOAT32,
                                    environment=environment, output=out))
        return programs

    def _out(self, name, key):
        return os.path.join(self.data.results, f"{key}-{name}.nc".replace(" ", "_").replace("/", "_").replace(",", ""))

    def _shell(self, name, key, operation, source, text, tolerance=1e-5):
        out = self._out(name, key)
        script = "set -e\n" + text.format(flags="-s -O -b F64 -f nc4", source=source, out=out)
        # CDO's and NCO's threads: as many as they are told, and no spinning while they wait.
        environment = {"OMP_NUM_THREADS": None, "OMP_PROC_BIND": None, "OMP_WAIT_POLICY": "passive"}
        return Program(name, ["bash", "-c", script], from_file(out, NAMES[operation]), tolerance, environment=environment, output=out)


def from_file(path, names):
    """The answer of a program that writes a file, HDF5 or netCDF-4."""
    def read(run):
        import h5py

        with h5py.File(path) as file:
            return {name: file[name][()] for name in names}
    return read
