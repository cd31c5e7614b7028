"""refusals.py XYLEM JOBS [TEST...]: what cannot be meant ends at once, with one clear line and the documented exit code."""
import json
import os
import pathlib
import re
import time

import h5py

from cluster import Cluster
from harness import DATA, RESOURCE, USAGE, XYLEM, JobTest, main


class Refusals(JobTest):
    def test_array_with_bad_members(self):
        self.make_runs(files=3)
        (self.folder / "runs/day1.h5").write_text("not HDF5")
        job = self.submit(self.edit("array.sbatch"))
        ends = [("COMPLETED", 0), ("FAILED", DATA), ("COMPLETED", 0), ("FAILED", USAGE)]
        self.assertEqual(self.slurm.finish(job), ends, self.log(job))
        self.assertIn("--array goes beyond the 3 inputs", self.log(job))
        self.assertEqual(sorted(path.name for path in (self.folder / "clim").glob("*.nc")), ["day0.nc", "day2.nc"])

    def test_exit_codes_of_xylem(self):
        self.make_runs()
        for launcher in ("srun", "mpirun"):
            for settings, word in (
                ({"expressions": "('clim = mean(temperatur, time)')"}, "temperatur"),
                ({"expressions": "()"}, "say what to compute"),
                ({"options": "(--sum=roughly)"}, "roughly"),
                ({"memory": "lots"}, "--memory: 'lots' is not a size"),
                ({"inputs": "('none/*.h5')"}, "none/*.h5"),
                ({"inputs": "()"}, "name at least one file"),
            ):
                with self.subTest(launcher=launcher, **settings):
                    log = self.expect(USAGE, self.edit("reduce.sbatch", launcher=launcher, **settings), words=[word, "exit code 2"])
                    self.assertEqual(log.count("xylem: error"), 1, log)
                    self.assertFalse((self.folder / "clim.nc").exists())

    def test_exit_codes_of_a_job_file(self):
        self.make_analysis()
        for code, settings, word in (
            (USAGE, {"job": "none.yml"}, "'none.yml' is not there"),
            (USAGE, {"settings": "(data_dir=demo resources.sum=roughly)"}, "roughly"),
            (USAGE, {"settings": "(data_dir=demo nonsense)"}, "nonsense"),
            (USAGE, {"settings": "(data_dir=none)"}, "none"),
            (USAGE, {"memory": "lots"}, "'lots' is not a size"),
            (DATA, {"settings": "(data_dir=demo)"}, "day001.h5"),
        ):
            with self.subTest(**settings):
                if code == DATA:
                    (self.folder / "demo/day001.h5").write_text("not HDF5")
                log = self.expect(code, self.edit("run.sbatch", **settings), words=[word, f"exit code {code}"])
                self.assertEqual(log.count("xylem: error"), 1, log)
                self.assertEqual(list(self.folder.rglob("*.nc")), [])
                for path in self.folder.rglob("*.log"):
                    path.unlink()

    def test_plan_beyond_the_memory_is_refused(self):
        """One chunk is 64 MiB; a rank has 150 MiB, of which an idle process takes most."""
        (self.folder / "runs").mkdir()
        with h5py.File(self.folder / "runs/large.h5", "w") as file:
            data = file.create_dataset("temperature", (4, 4096, 4096), "f4", chunks=(1, 4096, 4096), compression="gzip", compression_opts=1)
            data[0, :2, :2] = 1
        script = self.edit("reduce.sbatch", {"mem-per-cpu": "150M"}, expressions="('hot = max(temperature, dim_0)')")
        began = time.monotonic()
        self.expect(RESOURCE, script, words=["xylem: error", "--memory=22MiB"])
        (self.folder / "hot.yml").write_text(
            "version: 1\nload: {runs: {loader: hdf5_proxy, glob_str: runs/large.h5, target_path: large}}\n"
            "transform: [{expression: 'max(`large/temperature`, dim_0)', tag: hot}]\nstore: [{file: hot.nc}]\n")
        script = self.edit("run.sbatch", {"mem-per-cpu": "150M"}, job="hot.yml", folder="hot", settings="()")
        self.expect(RESOURCE, script, words=["xylem: error", "resources.memory_per_rank=22MiB"])
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(list(self.folder.rglob("*.nc")), [])
        for path in ("clim.report.json", "hot/hot.report.json"):
            self.assertEqual(json.loads((self.folder / path).read_text())["exit_code"], RESOURCE)

    def test_settings_that_do_not_parse(self):
        self.make_runs()
        self.expect(USAGE, self.edit("reduce.sbatch", launcher="mpiexec.hydra"), words=["xylem job: launcher is 'mpiexec.hydra'"])
        self.expect(USAGE, self.edit("reduce.sbatch", output=""), words=["xylem job: output is ''"])
        self.expect(USAGE, self.edit("run.sbatch", folder=""), words=["xylem job: job is 'climatology.yml' and folder ''"])
        self.expect(USAGE, self.edit("run.sbatch", launcher="mpirum"), words=["xylem job: launcher is 'mpirum'"])
        self.expect(USAGE, self.edit("run.sbatch", launcher=None), words=["xylem job: there is no setting 'launcher='"])
        self.expect(USAGE, self.edit("array.sbatch", inputs="()"), "--array=0", words=["xylem job: there is no input 0"])
        self.expect(USAGE, self.edit("reduce.sbatch", inputs="('runs/*.h5'"), words=["syntax error"])
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
        self.has_pmix = True  # scripts stay with srun
        plugins = self.folder / "plugins"
        plugins.mkdir()
        config = dict(re.findall(r"(?m)^(\w+)\s*=\s*(.*)$", self.slurm.command("scontrol", "show", "config").stdout))
        for path in pathlib.Path(config["PluginDir"].strip()).iterdir():
            if not path.name.startswith("mpi_pmix"):
                (plugins / path.name).symlink_to(path)
        with Cluster(f"{XYLEM} without pmix", settings=f"PluginDir={plugins}") as slurm:
            for script in ("reduce.sbatch", "run.sbatch"):
                job = slurm.submit(self.edit(script), cwd=self.folder)
                self.assertEqual(slurm.finish(job), [("FAILED", USAGE)], self.log(job))
        for word in ("this Slurm has no pmix", "set launcher=mpirun"):
            self.assertIn(word, self.log(job))

    def test_srun_without_pmix(self):
        """One line, also where Open MPI itself would end each rank with a page of text."""
        done = self.slurm.command("srun", "--mpi=none", "-N1", "-n2", "xylem", "tree", "none.h5", cwd=self.folder)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("srun: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], "^xylem: error: .*--mpi=pmix")

    def test_ranks_that_do_not_see_each_other(self):
        """Two copies of one rank would write one file."""
        self.make_runs()
        command = ["xylem", "reduce", "runs/*.h5", "-e", "x = max(temperature)", "-o", "x.nc"]
        # The refusals of srun without pmix, ours and Open MPI's own, are out of the way: other MPI libraries have none.
        hidden = ["env", "-u", "SLURM_NODELIST", "-u", "SLURM_JOBID", "-u", "SLURM_STEP_ID"]
        done = self.slurm.command("srun", "--mpi=none", "-N1", "-n2", *hidden, *command, cwd=self.folder)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.startswith("xylem")]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in ("2", "--mpi=pmix", "SLURM_STEP_NUM_TASKS"):
            self.assertIn(word, lines[0])
        self.assertFalse((self.folder / "x.nc").exists())
        if self.has_pmix:
            done = self.slurm.command("srun", "--mpi=pmix", "-N1", "-n2", *command, cwd=self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
