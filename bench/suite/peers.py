"""The peers' commands, as one who knows them would write them (docs/performance.md says what was tried and is slower)."""
import os
import shutil

from .measure import Program

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
FLOAT32 = 2e-6  # sums that are kept or stored in float32
SQUARES = 1e-4  # sums of float32 squares
CANCELLED = 3e-2  # standard deviations out of a mean square and a mean that NCO stores in float32
BLOCK_MIB = 32  # of dask's blocks: of 16, 32 and 64 it takes the least time with two threads, and hardly more with two processes
NAMES = {"mean": ("mean",), "time_mean": ("mean",), "four": ("mean", "std", "min", "max"), "time_std": ("std",), "step_means": ("mean",)}

# Five streams of one file in one process: HDF5 then has one chunk cache for them, and as they keep pace each chunk is decoded about once.
# That is faster than five commands, and than one `expr` with fldmean, fldmin and fldmax. -L because Debian's HDF5 may not be called by
# two threads at a time.
CDO_FOUR = """cdo {flags} -P 2 -L -merge -setname,mean -timmean -fldmean {source} -setname,min -timmin -fldmin {source} \
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
    # ncwa holds all that it reads ten times over: 32 steps at a time, two at once.
    "step_means": """ncrcat -O -t 2 -v t {source}/*.h5 {out}.all
seq 0 32 {last} | xargs -P 2 -I@ bash -c 'ncwa -O -y avg -a y,x -v t -d time,@,$((@+31<{last}?@+31:{last})) {out}.all {out}.$(printf %06d @).part'
ncrcat -O {out}.*.part {out}; rm {out}.all {out}.*.part; ncrename -O -v t,mean {out}""",
    "four": """(for y in avg min; do ncra -O -y $y -v t {source} {out}.$y; done) & first=$!
for y in max rms; do ncra -O -y $y -v t {source} {out}.$y; done; wait $first
for y in avg min max rms; do ncwa -O -y $y -v t {out}.$y {out}.$y.0; ncrename -O -v t,t_$y {out}.$y.0; ncks -A -v t_$y {out}.$y.0 {out}.all; done
ncap2 -O -v -s 'mean=t_avg;min=t_min;max=t_max;std=sqrt(double(t_rms)^2-double(t_avg)^2)' {out}.all {out}; rm {out}.all""",
}
SLOWER = {("xarray+dask, 2 processes", "step_means")}  # 12 s of CPU time for 128 files, where threads take 3 s: minutes for 1,000
NAME_OF = {"cdo": "CDO", "nco": "NCO", "mpi4py": "mpi4py", "h5py": "h5py", "dask-threads": "xarray+dask, threads",
           "dask-processes": "xarray+dask, 2 processes", "h5repack": "h5repack"}


class Peers:
    """Those that are asked for, by the short names of bench/run's --peers, and why some of them are not there."""

    def __init__(self, commands, data, python, wanted):
        self.commands, self.data, self.python = commands, data, python
        self.names = [NAME_OF[short] for short in wanted]
        programs = {"CDO": "cdo", "NCO": "ncra", "h5repack": "h5repack"}
        self.missing = {name: f"{program} is not installed" for name, program in programs.items()
                        if name in self.names and not shutil.which(program)}

    def has(self, name):
        return name in self.names and name not in self.missing

    def starts(self):
        """What each takes to start, without data."""
        imports = {"mpi4py": "import h5py, mpi4py.MPI", "h5py": "import h5py", "xarray+dask, threads": "import xarray, dask.array, h5netcdf"}
        starts = {name: [self.python, "-c", text] for name, text in imports.items()}
        starts["mpi4py"] = [*self.commands.mpirun, *starts["mpi4py"]]
        starts["xarray+dask, 2 processes"] = [self.python, os.path.join(SCRIPTS, "xarray_peer.py"), "processes", "start"]
        starts.update(CDO=["cdo", "--version"], NCO=["ncra", "--version"])
        return {name: command for name, command in starts.items() if self.has(name)}

    def programs(self, key, operation, source):
        """A Program of each for one task."""
        programs = []
        if self.has("CDO"):
            programs.append(self._shell("CDO", key, operation, source, CDO[operation]))
        if self.has("NCO"):
            tolerance = CANCELLED if operation in ("four", "time_std") else FLOAT32
            programs.append(self._shell("NCO", key, operation, source, NCO[operation], tolerance))
        python = {
            "mpi4py": [*self.commands.mpirun, self.python, os.path.join(SCRIPTS, "mpi4py_peer.py")],
            "h5py": [self.python, os.path.join(SCRIPTS, "h5py_peer.py")],
            "xarray+dask, threads": [self.python, os.path.join(SCRIPTS, "xarray_peer.py"), "threads", str(BLOCK_MIB)],
            "xarray+dask, 2 processes": [self.python, os.path.join(SCRIPTS, "xarray_peer.py"), "processes", str(BLOCK_MIB)],
        }
        for name, command in python.items():
            if not self.has(name) or (name, operation) in SLOWER:
                continue
            out = self._out(name, key)
            environment = {"OMP_NUM_THREADS": None} if name == "h5py" else {}
            tolerance = SQUARES if operation in ("four", "time_std") else FLOAT32
            programs.append(Program(name, [*command, operation, source, out], from_file(out, NAMES[operation]), tolerance,
                                    environment=environment, output=out))
        return programs

    def _out(self, name, key):
        return os.path.join(self.data.results, f"{key}-{name}.nc".replace(" ", "_").replace("/", "_").replace(",", ""))

    def _shell(self, name, key, operation, source, text, tolerance=1e-5):
        out = self._out(name, key)
        script = "set -e\n" + text.format(flags="-s -O -b F64 -f nc4", source=source, out=out, last=self.data.many_count * self.data.many_steps - 1)
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
