"""ends.py XYLEM JOBS [TEST...]: jobs that are cancelled, killed or out of time leave no half output, and nothing that runs."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import h5py

from cluster import Cluster, processes_of
from harness import XYLEM, JobTest, main

LONG_JOB = """\
version: 1
load: {runs: {loader: hdf5_proxy, glob_str: runs/NAME.h5, target_path: long}}
transform: [{expression: "mean(`long/temperature`, dim_0)", tag: clim}]
store: [{file: clim.nc}]
"""


class Ends(JobTest):
    def start_long_job(self, script, sbatch=(), folder="out", **settings):
        """A job that would take hours, once its output has begun: its input is a hole of 1 TiB."""
        (self.folder / "runs").mkdir(exist_ok=True)
        with h5py.File(self.folder / f"runs/{folder}.h5", "w") as file:  # nobody writes what another reads
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            space = h5py.h5s.create_simple((2**12, 2**13, 2**13))
            h5py.h5d.create(file.id, b"temperature", h5py.h5t.IEEE_F32LE, space, dcpl=properties)
        if script == "run.sbatch":
            (self.folder / "long.yml").write_text(LONG_JOB.replace("NAME", folder))
            settings |= {"job": "long.yml", "settings": "()", "folder": folder}
        else:
            settings |= {"inputs": f"(runs/{folder}.h5)", "expressions": "('clim = mean(temperature, dim_0)')", "output": f"{folder}/clim.nc"}
        job = self.submit(self.edit(script, sbatch, **settings))
        end = time.monotonic() + 60
        while not (self.folder / folder / ".clim.nc.part").exists():
            self.assertLess(time.monotonic(), end, f"{self.slurm.fields(job)}\n{self.log(job)}")
            time.sleep(0.1)
        self.assertGreaterEqual(len(self.left()), 1)
        return job

    def check_nothing_left(self):
        end = time.monotonic() + 15
        while self.left() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.left(), [])
        self.assertEqual(list(self.folder.rglob("*.nc")), [])
        self.assertEqual(list(self.folder.rglob(".*.part")), [])

    def test_cancelled_midway(self):
        for script, launcher in (("reduce.sbatch", "srun"), ("run.sbatch", "srun"), ("run.sbatch", "mpirun")):
            with self.subTest(script=script, launcher=launcher):
                job = self.start_long_job(script, launcher=launcher)
                self.slurm.command("scancel", job)
                self.assertEqual(self.slurm.finish(job)[0][0], "CANCELLED", self.log(job))
                self.check_nothing_left()

    def test_signals_reach_the_ranks(self):
        for script, launcher, name in (("reduce.sbatch", "srun", "USR1"), ("reduce.sbatch", "mpirun", "TERM"), ("run.sbatch", "srun", "TERM"),
                                       ("run.sbatch", "mpirun", "USR1")):
            with self.subTest(script=script, launcher=launcher, signal=name):
                job = self.start_long_job(script, launcher=launcher)
                self.slurm.command("scancel", "--batch", "--signal", name, job)
                self.check_failed(job)

    def check_failed(self, job):
        state, code = self.slurm.finish(job, seconds=30)[0]
        self.assertEqual(state, "FAILED", self.log(job))
        self.assertNotEqual(code, 0)
        self.assertIn(f"exit code {code}", self.log(job))
        self.check_nothing_left()

    def test_a_rank_that_is_killed_ends_the_others(self):
        """As when a node's memory is used up."""
        for script, launcher in (("reduce.sbatch", "mpirun"), ("run.sbatch", "srun")):
            with self.subTest(script=script, launcher=launcher):
                job = self.start_long_job(script, launcher=launcher)
                os.kill(self.left()[0], signal.SIGKILL)
                self.check_failed(job)

    def test_time_limit(self):
        """A minute is the least that Slurm has, and it looks every half minute: both jobs wait together, a rank each."""
        jobs = [self.start_long_job(script, {"time": "1", "ntasks-per-node": "1"}, folder=launcher, launcher=launcher)
                for script, launcher in (("reduce.sbatch", "srun"), ("run.sbatch", "mpirun"))]
        for job in jobs:
            self.assertEqual(self.slurm.finish(job, seconds=150)[0][0], "TIMEOUT", self.log(job))
        self.check_nothing_left()

    def test_a_killed_test_is_in_nobodys_way(self):
        """Its daemons end with it, and what is left of its jobs before the next cluster of its name starts."""
        program = ("import sys; sys.path.insert(0, sys.argv[1]); from cluster import Cluster; slurm = Cluster(sys.argv[2]).__enter__(); "
                   "slurm.command('sbatch', '--wrap', 'sleep 1000', cwd='/'); print(flush=True); sys.stdin.read()")
        name = f"{XYLEM} killed"
        with subprocess.Popen([sys.executable, "-c", program, str(pathlib.Path(__file__).parent), name], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, cwd=self.folder) as killed:
            self.assertEqual(killed.stdout.readline(), b"\n")
            killed.kill()
        with Cluster(name) as slurm:
            self.assertEqual(slurm.command("squeue", "-h").stdout, "")
            again = slurm.command("srun", "-n2", "echo", "here")
            self.assertEqual(again.stdout, "here\n" * 2, again.stderr)
        self.assertEqual(processes_of(slurm.folder), [])


if __name__ == "__main__":
    main()
