"""What the tests of jobs/ share: a user's folder beside a private Slurm, and scripts that are copied, edited and submitted there."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import h5py
import netCDF4
import numpy as np

from cluster import Cluster, processes_of

XYLEM, JOBS = os.path.abspath(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
USAGE, DATA, RESOURCE = 2, 3, 4
OPENMPI_TCP = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_pml": "ob1"}  # two virtual nodes share no memory segments
END_MARK = "# From here on"


class JobTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # What a user's environment has, not what the tests' has.
        os.environ["PATH"] = f"{pathlib.Path(XYLEM).parent}:{os.environ['PATH']}"
        for variable in [each for each in os.environ if each.startswith(("OMPI_MCA_rmaps", "PRTE_MCA_rmaps"))]:
            del os.environ[variable]
        # The name is the build's and the test's: several may run at once.
        cls.slurm = cls.enterClassContext(Cluster(f"{XYLEM} {cls.__name__}"))
        # Debian sid's package (26.05.5) has none.
        cls.has_pmix = "pmix" in cls.slurm.command("srun", "--mpi=list").stdout
        if not cls.has_pmix:
            print("this Slurm has no pmix: mpirun stands in for srun", flush=True)
        # Open MPI 6 (6.0.0rc2) finds no way between two nodes that have one address, as virtual ones do.
        cls.has_two_nodes = "Open MPI) 6" not in subprocess.run(["mpirun", "--version"], check=True, capture_output=True, text=True).stdout
        if not cls.has_two_nodes:
            print("this MPI does not connect two virtual nodes: jobs run on one", flush=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="xylem-jobs-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.slurm.command, "scancel", "--quiet", "--user", str(os.getuid()))

    def places(self):
        """Launchers and numbers of nodes."""
        return [(launcher, nodes) for nodes in ((1, 2) if self.has_two_nodes else (1,)) for launcher in ("srun", "mpirun")]

    def make_runs(self, files=4):
        (self.folder / "runs").mkdir()
        self.values = np.random.default_rng(1).normal(280, 10, (files, 6, 20, 30)).astype("f4")
        for i in range(files):
            with h5py.File(self.folder / f"runs/day{i}.h5", "w") as file:
                data = file.create_dataset("temperature", data=self.values[i], chunks=(2, 20, 30), compression="gzip")
                time = file.create_dataset("time", data=np.arange(6.0) + 6 * i)
                time.make_scale("time")
                data.dims[0].attach_scale(time)

    def make_analysis(self):
        """The example of run.sbatch: a job file and the data that it reads."""
        shutil.copy(JOBS / "climatology.yml", self.folder)
        subprocess.run([XYLEM, "demo-data", "demo", "--size", "200KiB", "--files", "4"], cwd=self.folder, check=True, capture_output=True)

    def edit(self, name, sbatch=(), **settings):
        """A copy of a script with other settings: bash text for each name (None: without it), and values for lines of #SBATCH."""
        text = (JOBS / name).read_text()
        if "launcher=srun" in text and not self.has_pmix and settings.get("launcher", "srun") == "srun":
            settings["launcher"] = "mpirun"
        for setting, value in settings.items():
            head, tail = text.split(END_MARK) if END_MARK in text else (text, "")
            head, count = re.subn(rf"(?m)^{setting}=.*$", lambda _: f"{setting}={value}" if value is not None else "", head)
            self.assertEqual(count, 1, f"{name} has {count} settings {setting}")
            text = head + (END_MARK + tail if tail else "")
        for option, value in dict(sbatch).items():
            text, count = re.subn(rf"(?m)^#SBATCH --{option}=.*$", f"#SBATCH --{option}={value}", text)
            self.assertEqual(count, 1, f"{name} has {count} lines #SBATCH --{option}")
        copy = self.folder / name
        copy.write_text(text)
        return copy

    def submit(self, script, *options, environment=None):
        return self.slurm.submit(script, *options, cwd=self.folder, environment={**self.slurm.environment, **(environment or {})})

    def log(self, job):
        """What the script itself said, and what xylem said."""
        texts = [path.read_text(errors="replace") for path in [*self.folder.glob(f"slurm-{job}*.out"), *self.folder.rglob("*.log")]]
        return "\n".join(texts)

    def run_to_end(self, script, *options, environment=None):
        job = self.submit(script, *options, environment=environment)
        ends = self.slurm.finish(job)
        self.assertEqual(len(ends), 1)
        return *ends[0], self.log(job)

    def expect(self, code, script, *options, words=(), environment=None):
        """The job ends as Slurm's COMPLETED or FAILED with this exit code, and its log has these words."""
        state, found, log = self.run_to_end(script, *options, environment=environment)
        self.assertEqual((state, found), ("COMPLETED" if code == 0 else "FAILED", code), log)
        for word in words:
            self.assertIn(word, log)
        self.assertEqual(list(self.folder.rglob(".*.part")), [])
        return log

    def check_climate(self, path, values):
        with netCDF4.Dataset(path) as file:
            np.testing.assert_array_equal(file["clim"][...], values.astype("f8").mean(axis=0).astype(file["clim"].dtype))

    def left(self):
        return [pid for pid in processes_of(self.slurm.folder) if b"xylem\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the cluster is stopped
    unittest.main(argv=sys.argv, verbosity=1)
