"""jobs.py XYLEM JOBS [TEST...]: every script of jobs/ under a real Slurm, as a user copies, edits and submits them."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import netCDF4
import numpy as np

from cluster import Cluster, processes_of

XYLEM, JOBS = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
USAGE, DATA, RESOURCE = 2, 3, 4
OPENMPI_TCP = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_pml": "ob1"}  # two virtual nodes share no memory segments
END_MARK = "# From here on"


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # What a user's environment has, not what the tests' has.
        os.environ["PATH"] = f"{pathlib.Path(XYLEM).parent}:{os.environ['PATH']}"
        for variable in [each for each in os.environ if each.startswith(("OMPI_MCA_rmaps", "PRTE_MCA_rmaps"))]:
            del os.environ[variable]
        # The name is the build's: two builds may be tested at once.
        cls.slurm = cls.enterClassContext(Cluster(os.path.abspath(XYLEM)))

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="xylem-jobs-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.slurm.command, "scancel", "--quiet", "--user", str(os.getuid()))

    def make_runs(self, files=4):
        (self.folder / "runs").mkdir()
        self.values = np.random.default_rng(1).normal(280, 10, (files, 6, 20, 30)).astype("f4")
        for i in range(files):
            with h5py.File(self.folder / f"runs/day{i}.h5", "w") as file:
                data = file.create_dataset("temperature", data=self.values[i], chunks=(2, 20, 30), compression="gzip")
                time = file.create_dataset("time", data=np.arange(6.0) + 6 * i)
                time.make_scale("time")
                data.dims[0].attach_scale(time)

    def edit(self, name, sbatch=(), **settings):
        """A copy of a script with other settings: bash text for each name, and values for lines of #SBATCH."""
        text = (JOBS / name).read_text()
        for setting, value in settings.items():
            head, tail = text.split(END_MARK) if END_MARK in text else (text, "")
            head, count = re.subn(rf"(?m)^{setting}=.*$", lambda _: f"{setting}={value}", head)
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

    def test_reduce(self):
        self.make_runs()
        for launcher, nodes in (("srun", 1), ("mpirun", 1), ("srun", 2), ("mpirun", 2)):
            with self.subTest(launcher=launcher, nodes=nodes):
                script = self.edit("reduce.sbatch", {"nodes": nodes, "ntasks-per-node": 3 - nodes}, launcher=launcher)
                log = self.expect(0, script, environment=OPENMPI_TCP if nodes > 1 else {}, words=["exit code 0", "--threads=1 --memory=896MiB"])
                self.assertNotIn("warning", log)
                self.check_climate(self.folder / "clim.nc", self.values.reshape(-1, 20, 30))
                report = json.loads((self.folder / "clim.report.json").read_text())
                self.assertEqual((report["ranks"], report["exit_code"]), (2, 0), report)
                for name in ("clim.nc", "clim.log", "clim.report.json"):
                    (self.folder / name).unlink()

    def test_threads_and_memory_of_the_node(self):
        self.make_runs()
        script = self.edit("reduce.sbatch", {"ntasks-per-node": 1, "cpus-per-task": 2})
        self.expect(0, script, words=["1 ranks", "--threads=2 --memory=1920MiB"])
        text = self.edit("reduce.sbatch").read_text().replace("#SBATCH --mem-per-cpu=1G", "#SBATCH --mem=1G")
        script.write_text(text)
        (self.folder / "clim.nc").unlink()
        self.expect(0, script, words=["2 ranks", "--threads=1 --memory=384MiB"])

    def test_array(self):
        self.make_runs()
        job = self.submit(self.edit("array.sbatch"))
        self.assertEqual(self.slurm.finish(job), [("COMPLETED", 0)] * 4, self.log(job))
        for i in range(4):
            self.check_climate(self.folder / f"clim/day{i}.nc", self.values[i])
            self.assertEqual(json.loads((self.folder / f"clim/day{i}.report.json").read_text())["exit_code"], 0)
            self.assertIn("exit code 0", (self.folder / f"clim/day{i}.log").read_text())

    def test_array_with_bad_members(self):
        self.make_runs(files=3)
        (self.folder / "runs/day1.h5").write_text("not HDF5")
        job = self.submit(self.edit("array.sbatch"))
        ends = [("COMPLETED", 0), ("FAILED", DATA), ("COMPLETED", 0), ("FAILED", USAGE)]
        self.assertEqual(self.slurm.finish(job), ends, self.log(job))
        self.assertIn("--array goes beyond the 3 inputs", self.log(job))
        self.assertEqual(sorted(path.name for path in (self.folder / "clim").glob("*.nc")), ["day0.nc", "day2.nc"])

    def test_dependent_step(self):
        self.make_runs()
        first = self.submit(self.edit("reduce.sbatch"))
        post = self.edit("post.sbatch", python=sys.executable)
        second = self.submit(post, f"--dependency=afterok:{first}", "--kill-on-invalid-dep=yes")
        self.assertEqual(self.slurm.finish(second), [("COMPLETED", 0)], self.log(second))
        self.assertEqual(self.slurm.finish(first), [("COMPLETED", 0)], self.log(first))
        line = next(line for line in (self.folder / "clim.txt").read_text().splitlines() if "warmest" in line)
        self.assertIn(f"max {self.values.max()}", line)

    def test_dependent_step_of_a_failure(self):
        first = self.submit(self.edit("reduce.sbatch"))  # there are no inputs
        post = self.edit("post.sbatch", python=sys.executable)
        second = self.submit(post, f"--dependency=afterok:{first}", "--kill-on-invalid-dep=yes")
        self.assertEqual(self.slurm.finish(first), [("FAILED", USAGE)], self.log(first))
        self.assertEqual(self.slurm.finish(second)[0][0], "CANCELLED", self.log(second))
        self.assertFalse((self.folder / "clim.txt").exists())

    def test_post_processing_that_fails(self):
        state, code, log = self.run_to_end(self.edit("post.sbatch", python=sys.executable))
        self.assertEqual((state, code), ("FAILED", 1), log)
        self.assertEqual(list(self.folder.glob("clim.txt*")), [])

    def test_exit_codes_of_xylem(self):
        self.make_runs()
        for launcher in ("srun", "mpirun"):
            for code, settings, word in (
                (USAGE, {"expressions": "('clim = mean(temperatur, time)')"}, "temperatur"),
                (USAGE, {"options": "(--sum=roughly)"}, "roughly"),
                (USAGE, {"inputs": "('none/*.h5')"}, "none/*.h5"),
            ):
                with self.subTest(launcher=launcher, **settings):
                    self.expect(code, self.edit("reduce.sbatch", launcher=launcher, **settings), words=["xylem: error", word, f"exit code {code}"])
                    self.assertFalse((self.folder / "clim.nc").exists())

    def test_plan_beyond_the_memory_is_refused(self):
        """One chunk is 64 MiB; a rank has 150 MiB, of which an idle process takes most."""
        (self.folder / "runs").mkdir()
        with h5py.File(self.folder / "runs/large.h5", "w") as file:
            data = file.create_dataset("temperature", (4, 4096, 4096), "f4", chunks=(1, 4096, 4096), compression="gzip", compression_opts=1)
            data[0, :2, :2] = 1
        script = self.edit("reduce.sbatch", {"mem-per-cpu": "150M"}, expressions="('hot = max(temperature, dim_0)')")
        began = time.monotonic()
        self.expect(RESOURCE, script, words=["xylem: error", "--memory=22MiB"])
        self.assertLess(time.monotonic() - began, 30)
        self.assertFalse((self.folder / "clim.nc").exists())
        report = json.loads((self.folder / "clim.report.json").read_text())
        self.assertEqual(report["exit_code"], RESOURCE)

    def start_long_job(self, **settings):
        """A job that would take minutes: its input is a hole of 1 TiB."""
        (self.folder / "runs").mkdir(exist_ok=True)
        path = self.folder / "runs/long.h5"
        with h5py.File(path, "w") as file:
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            space = h5py.h5s.create_simple((2**12, 2**13, 2**13))
            h5py.h5d.create(file.id, b"temperature", h5py.h5t.IEEE_F32LE, space, dcpl=properties)
        job = self.submit(self.edit("reduce.sbatch", expressions="('clim = mean(temperature, dim_0)')", **settings))
        end = time.monotonic() + 60
        while not (self.folder / ".clim.nc.part").exists():
            self.assertLess(time.monotonic(), end, f"{self.slurm.fields(job)}\n{self.log(job)}")
            time.sleep(0.1)
        self.assertGreaterEqual(len(self.left()), 2)
        return job

    def check_nothing_left(self):
        end = time.monotonic() + 15
        while self.left() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.left(), [])
        self.assertEqual(sorted(path.name for path in self.folder.glob("*.nc")), [])
        self.assertEqual(list(self.folder.rglob(".*.part")), [])

    def test_cancelled_midway(self):
        for launcher in ("srun", "mpirun"):
            with self.subTest(launcher=launcher):
                job = self.start_long_job(launcher=launcher)
                self.slurm.command("scancel", job)
                self.assertEqual(self.slurm.finish(job)[0][0], "CANCELLED", self.log(job))
                self.check_nothing_left()

    def test_signals_reach_the_ranks(self):
        for launcher in ("srun", "mpirun"):
            for name in ("USR1", "TERM"):
                with self.subTest(launcher=launcher, signal=name):
                    job = self.start_long_job(launcher=launcher)
                    self.slurm.command("scancel", "--batch", "--signal", name, job)
                    state, code = self.slurm.finish(job, seconds=30)[0]
                    self.assertEqual(state, "FAILED", self.log(job))
                    self.assertNotEqual(code, 0)
                    self.assertIn(f"exit code {code}", self.log(job))
                    self.check_nothing_left()

    def test_settings_that_do_not_parse(self):
        self.make_runs()
        self.expect(USAGE, self.edit("reduce.sbatch", launcher="mpiexec.hydra"), words=["xylem job: launcher is 'mpiexec.hydra'"])
        state, code, log = self.run_to_end(self.edit("reduce.sbatch", inputs="('runs/*.h5'"))
        self.assertEqual(state, "FAILED", log)
        self.assertNotEqual(code, 0)
        self.assertIn("syntax error", log)
        refused = self.slurm.command("sbatch", str(self.edit("reduce.sbatch", {"time": "soon"})), cwd=self.folder)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("--time", refused.stderr)

    def test_more_ranks_than_cores(self):
        """Slurm takes no such job: it would wait for ever."""
        refused = self.slurm.command("sbatch", str(self.edit("reduce.sbatch", {"ntasks-per-node": 3})), cwd=self.folder)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("node configuration is not available", refused.stderr)
        self.assertEqual(self.slurm.command("squeue", "-h").stdout, "")

    def without(self, *programs):
        """A PATH that lacks some programs."""
        folder = self.folder / "bin"
        folder.mkdir()
        for directory in reversed(os.environ["PATH"].split(":")):
            for path in pathlib.Path(directory).glob("*") if directory else ():
                if path.name not in programs:
                    (folder / path.name).unlink(missing_ok=True)
                    (folder / path.name).symlink_to(path)
        return {"PATH": str(folder)}

    def test_no_launcher(self):
        self.expect(USAGE, self.edit("reduce.sbatch", launcher="mpirun"), environment=self.without("mpirun"), words=["there is no mpirun on PATH"])

    def test_no_xylem(self):
        self.expect(USAGE, self.edit("reduce.sbatch"), environment=self.without("xylem"), words=["there is no xylem on PATH"])

    def test_no_pmix(self):
        plugins = self.folder / "plugins"
        plugins.mkdir()
        config = dict(re.findall(r"(?m)^(\w+)\s*=\s*(.*)$", self.slurm.command("scontrol", "show", "config").stdout))
        for path in pathlib.Path(config["PluginDir"].strip()).iterdir():
            if not path.name.startswith("mpi_pmix"):
                (plugins / path.name).symlink_to(path)
        with Cluster(f"{os.path.abspath(XYLEM)} without pmix", settings=f"PluginDir={plugins}") as slurm:
            job = slurm.submit(self.edit("reduce.sbatch"), cwd=self.folder)
            self.assertEqual(slurm.finish(job), [("FAILED", USAGE)], self.log(job))
        for word in ("this Slurm has no pmix", "set launcher=mpirun"):
            self.assertIn(word, self.log(job))

    def test_ranks_that_do_not_see_each_other(self):
        """Two copies of one rank would write one file."""
        self.make_runs()
        command = ["xylem", "reduce", "runs/*.h5", "-e", "x = max(temperature)", "-o", "x.nc"]
        # OpenMPI's own refusal of srun without pmix, by these two, is out of the way: other MPI libraries have none.
        hidden = ["env", "-u", "SLURM_NODELIST", "-u", "SLURM_JOBID"]
        done = self.slurm.command("srun", "--mpi=none", "-N1", "-n2", *hidden, *command, cwd=self.folder)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.startswith("xylem")]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in ("2", "--mpi=pmix", "SLURM_STEP_NUM_TASKS"):
            self.assertIn(word, lines[0])
        self.assertFalse((self.folder / "x.nc").exists())
        done = self.slurm.command("srun", "--mpi=pmix", "-N1", "-n2", *command, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_killed_test_is_in_nobodys_way(self):
        """Its daemons end with it, and what is left of its jobs before the next cluster of its name starts."""
        program = ("import sys; sys.path.insert(0, sys.argv[1]); from cluster import Cluster; slurm = Cluster(sys.argv[2]).__enter__(); "
                   "slurm.command('sbatch', '--wrap', 'sleep 1000', cwd='/'); print(flush=True); sys.stdin.read()")
        name = f"{os.path.abspath(XYLEM)} killed"
        with subprocess.Popen([sys.executable, "-c", program, str(pathlib.Path(__file__).parent), name], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, cwd=self.folder) as killed:
            self.assertEqual(killed.stdout.readline(), b"\n")
            killed.kill()
        with Cluster(name) as slurm:
            self.assertEqual(slurm.command("squeue", "-h").stdout, "")
            again = slurm.command("srun", "-n2", "echo", "here")
            self.assertEqual(again.stdout, "here\n" * 2, again.stderr)
        self.assertEqual(processes_of(slurm.folder), [])

    def test_the_scripts_share_their_end(self):
        def end(name):
            text = (JOBS / name).read_text()
            return text[text.index(END_MARK) : text.index("\n}\n", text.index("launch()"))]

        scripts = [path.name for path in JOBS.glob("*.sbatch") if "launcher=" in path.read_text()]
        self.assertGreaterEqual(len(scripts), 2)
        self.assertEqual(len({end(name) for name in scripts}), 1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the cluster is stopped
    unittest.main(argv=sys.argv, verbosity=1)
