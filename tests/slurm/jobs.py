"""jobs.py XYLEM JOBS [TEST...]: every script of jobs/ does its work under a real Slurm."""
import json
import subprocess
import sys

import netCDF4
import numpy as np

from harness import END_MARK, JOBS, OPENMPI_TCP, USAGE, XYLEM, JobTest, main


class Jobs(JobTest):
    def test_reduce(self):
        self.make_runs()
        for launcher, nodes in self.places():
            with self.subTest(launcher=launcher, nodes=nodes):
                script = self.edit("reduce.sbatch", {"nodes": nodes, "ntasks-per-node": 3 - nodes}, launcher=launcher)
                log = self.expect(0, script, environment=OPENMPI_TCP if nodes > 1 else {}, words=["exit code 0", "--threads=1 --memory=896MiB"])
                self.assertNotIn("warning", log)
                self.check_climate(self.folder / "clim.nc", self.values.reshape(-1, 20, 30))
                report = json.loads((self.folder / "clim.report.json").read_text())
                self.assertEqual((report["ranks"], report["exit_code"]), (2, 0), report)
                for name in ("clim.nc", "clim.log", "clim.report.json"):
                    (self.folder / name).unlink()

    def test_run(self):
        """The results of a job file are those of the same command without Slurm, bit for bit."""
        self.make_analysis()
        subprocess.run([XYLEM, "run", "climatology.yml", "--set", "data_dir=demo", "--set", f"out_dir={self.folder}/alone"], cwd=self.folder, check=True,
                       capture_output=True)
        for launcher, nodes in self.places():
            with self.subTest(launcher=launcher, nodes=nodes):
                folder = f"it's {launcher} on {nodes}: #1"  # in need of quotes, in bash as in YAML
                script = self.edit("run.sbatch", {"nodes": nodes, "ntasks-per-node": 3 - nodes}, launcher=launcher, folder=json.dumps(folder))
                self.expect(0, script, environment=OPENMPI_TCP if nodes > 1 else {},
                            words=["exit code 0", "resources.threads=1", "resources.memory_per_rank=896MiB"])
                report = json.loads((self.folder / folder / "climatology.report.json").read_text())
                self.assertEqual((report["ranks"], report["exit_code"]), (2, 0), report)
                self.assertEqual(sorted(path.name for path in (self.folder / folder).iterdir()),
                                 ["climatology.log", "climatology.report.json", "means.nc", "stats.nc"])
                for name in ("stats.nc", "means.nc"):
                    self.assert_same_values(self.folder / folder / name, self.folder / "alone" / name)

    def assert_same_values(self, path, expected):
        with netCDF4.Dataset(path) as left, netCDF4.Dataset(expected) as right:
            self.assertEqual(list(left.variables), list(right.variables))
            for name, variable in left.variables.items():
                variable.set_auto_mask(False), right[name].set_auto_mask(False)
                self.assertEqual(np.asarray(variable[...]).tobytes(), np.asarray(right[name][...]).tobytes(), name)

    def test_threads_and_memory_of_the_node(self):
        self.make_runs()
        script = self.edit("reduce.sbatch", {"ntasks-per-node": 1, "cpus-per-task": 2})
        self.expect(0, script, words=["1 ranks", "--threads=2 --memory=1920MiB"])
        text = self.edit("reduce.sbatch").read_text().replace("#SBATCH --mem-per-cpu=1G", "#SBATCH --mem=1G")
        script.write_text(text)
        (self.folder / "clim.nc").unlink()
        self.expect(0, script, words=["2 ranks", "--threads=1 --memory=384MiB"])
        (self.folder / "clim.nc").unlink()
        self.expect(0, self.edit("reduce.sbatch", memory="100MiB"), words=["--memory=100MiB"])

    def test_array(self):
        self.make_runs()
        job = self.submit(self.edit("array.sbatch"))
        self.assertEqual(self.slurm.finish(job), [("COMPLETED", 0)] * 4, self.log(job))
        for i in range(4):
            self.check_climate(self.folder / f"clim/day{i}.nc", self.values[i])
            self.assertEqual(json.loads((self.folder / f"clim/day{i}.report.json").read_text())["exit_code"], 0)
            self.assertIn("exit code 0", (self.folder / f"clim/day{i}.log").read_text())

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

    def test_the_scripts_share_their_end(self):
        def end(name):
            text = (JOBS / name).read_text()
            return text[text.index(END_MARK) : text.index("\n}\n", text.index("launch()"))]

        scripts = [path.name for path in JOBS.glob("*.sbatch") if "launcher=" in path.read_text()]
        self.assertEqual(len(scripts), 3)
        self.assertEqual(len({end(name) for name in scripts}), 1)


if __name__ == "__main__":
    main()
