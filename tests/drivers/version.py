"""version.py XYLEM CMAKE SOURCE COMPILER BUILD_TYPE: what --version prints, and how the commit comes into a build."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from harness import Report, Xylem

report = Report()
program, cmake, source, compiler, build_type = sys.argv[1:]
result = Xylem(program, None).run("--version", ranks=0)
report.check(result.code == 0 and not result.err, f"exit {result.code}: {result.everything}")
lines = result.out.decode().splitlines()
number = r"\d+\.\d+\.\d+"
expected = [
    rf"xylem {number} \(commit ([0-9a-f]{{7,}}(-dirty)?|unknown|.*-g[0-9a-f]{{7,}}(-dirty)?)\)",
    rf"Kokkos {number} \((Serial|OpenMP|Threads|.*)\)",
    rf"HDF5 {number} \(parallel\)",
    r"MPI \S.*",
    rf"compiler {re.escape(compiler)}",
    rf"build type {re.escape(build_type)}(: with sanitizers)?",
    r"kernels \S.*",
]
report.check(len(lines) == len(expected), f"{len(lines)} lines: {lines}")
for line, pattern in zip(lines, expected):
    report.check(re.fullmatch(pattern, line), f"'{line}' is not {pattern}")

# The kernels' instruction set is one that this processor has.
flags = set(re.findall(r"(?m)^flags\s*:(.*)", open("/proc/cpuinfo").read())[:1][0].split()) if os.uname().machine == "x86_64" else set()
needs = {"x86-64-v4": {"avx512f", "avx512bw", "avx512vl"}, "x86-64-v3": {"avx2", "bmi2", "fma"}, "x86-64": set()}
level = lines[-1].split(" ", 1)[1]
if flags:
    report.check(level in needs and needs[level] <= flags, f"kernels {level} on {sorted(flags)}")

# The commit, by the script that each build runs: in a checkout, with changes, after a commit, without git, in another's checkout.
folder = tempfile.mkdtemp()
try:
    template, output = os.path.join(folder, "version.in"), os.path.join(folder, "version.out")
    with open(template, "w") as file:
        file.write("@PROJECT_VERSION@ @XYLEM_COMMIT@\n")
    checkout = os.path.join(folder, "checkout")
    os.makedirs(os.path.join(checkout, "inside"))

    def git(*arguments):
        who = ["-c", "user.name=n", "-c", "user.email=e@x.org", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *who, *arguments], cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()

    def commit_of(path, git_program=shutil.which("git")):
        subprocess.run([cmake, "-D", f"GIT={git_program}", "-D", f"SOURCE={path}", "-D", "PROJECT_VERSION=1.2.3", "-D", f"TEMPLATE={template}",
                        "-D", f"OUTPUT={output}", "-P", os.path.join(source, "cmake/XylemVersion.cmake")], check=True, timeout=60)
        with open(output) as file:
            version, commit = file.read().split()
        report.check(version == "1.2.3", f"version {version}")
        return commit

    if shutil.which("git"):
        git("init", "-q")
        with open(os.path.join(checkout, "file"), "w") as file:
            file.write("one\n")
        git("add", "file")
        git("commit", "-qm", "one")
        first = git("rev-parse", "--short", "HEAD")
        report.check(commit_of(checkout) == first, f"{commit_of(checkout)}, not {first}")
        before = os.stat(output).st_mtime_ns
        time.sleep(0.01)
        commit_of(checkout)
        report.check(os.stat(output).st_mtime_ns == before, "what has not changed is written again, and everything linked again")
        with open(os.path.join(checkout, "file"), "w") as file:
            file.write("two\n")
        report.check(commit_of(checkout) == first + "-dirty", f"{commit_of(checkout)}, not {first}-dirty")
        git("commit", "-qam", "two")
        report.check(commit_of(checkout) == git("rev-parse", "--short", "HEAD"), "the second commit")
        report.check(commit_of(os.path.join(checkout, "inside")) == "unknown", "sources inside another checkout")
    report.check(commit_of(folder) == "unknown", "sources without git's folder")
    report.check(commit_of(checkout, "GIT_EXECUTABLE-NOTFOUND") == "unknown", "sources without git")
finally:
    shutil.rmtree(folder)
report.finish()
