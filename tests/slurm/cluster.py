"""A private Slurm on this machine: slurmctld, two virtual nodes and munged, in a folder of their own.

Nothing of another Slurm is touched: own key, sockets, ports and configuration (SLURM_CONF). What is left of a cluster of the same name
whose test was killed is ended before another starts: every process that has its folder as working folder, in its environment, or among
its open files.
"""
import ctypes
import fcntl
import getpass
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

NODES, CPUS, MEMORY_MIB = 2, 2, 4000
START_SECONDS = 30


def free_ports(count):
    """Ports that nobody listens on; all are held until all are known."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def end_with_parent():
    """Has the kernel end this process when the test is killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def processes_of(folder):
    """The processes that belong to the cluster in `folder`, but for this one."""
    found = []
    inside = os.fsencode(folder)
    for entry in filter(str.isdigit, os.listdir("/proc")):
        process = pathlib.Path("/proc", entry)
        try:
            if int(entry) == os.getpid():
                continue
            links = [process / "cwd", *(process / "fd").iterdir()]
            if inside in (process / "environ").read_bytes() or any(inside in os.fsencode(os.readlink(link)) for link in links):
                found.append(int(entry))
        except OSError:
            continue
    return found


def end_processes_of(folder):
    for _ in range(100):
        left = processes_of(folder)
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
    raise RuntimeError(f"processes that cannot be ended: {left}")


class Cluster:
    """`with Cluster(name) as slurm`: starts within seconds, and stops, with all jobs, however the block ends."""

    def __init__(self, name, settings=""):
        self.settings = settings  # more of slurm.conf
        self.daemons = []
        # Short: a socket's path has 107 bytes.
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
        self.folder = pathlib.Path(tempfile.gettempdir(), f"xylem-slurm-{os.getuid()}-{digest}")
        # Open MPI names its memory segments after the job's number: two clusters at once may have none in common.
        self.first_job = 1 + 50 * int(digest[:5], 16)
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        for variable in [each for each in self.environment if each.startswith(("SLURM_", "SBATCH_", "SRUN_")) and each != "SLURM_CONF"]:
            del self.environment[variable]

    def __enter__(self):
        self.lock = open(f"{self.folder}.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)  # another run of the same test waits
        try:
            end_processes_of(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(mode=0o755)
            self.configure()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            end_processes_of(self.folder)
            for daemon in self.daemons:
                daemon.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            self.lock.close()

    def configure(self):
        folder, user, host = self.folder, getpass.getuser(), socket.gethostname().split(".")[0]
        control, *ports = free_ports(1 + NODES)
        nodes = "\n".join(
            f"NodeName=n{i + 1} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[i]} CPUs={CPUS} RealMemory={MEMORY_MIB} State=UNKNOWN"
            for i in range(NODES))
        (folder / "slurm.conf").write_text(f"""\
ClusterName=xylem
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.sock,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
TmpFS={folder}/tmp.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
FirstJobId={self.first_job}
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=1,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=5
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
{self.settings}
""")
        (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for name in ["state", *(f"{kind}.n{i + 1}" for kind in ("spool", "tmp") for i in range(NODES))]:
            (folder / name).mkdir()

    def start(self):
        folder = self.folder
        self.daemon("munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.sock", f"--pid-file={folder}/munged.pid",
                    f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed", "--num-threads=2")
        self.wait(lambda: (folder / "munge.sock").exists(), "munged has no socket")
        self.daemon("slurmctld", "-D", "-f", f"{folder}/slurm.conf")
        for i in range(NODES):
            self.daemon("slurmd", "-D", "-f", f"{folder}/slurm.conf", "-N", f"n{i + 1}")
        self.wait(lambda: self.command("sinfo", "-h", "-N", "-o", "%T").stdout.split() == ["idle"] * NODES, "the nodes are not up")

    def daemon(self, name, *arguments):
        program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if program is None:
            raise RuntimeError(f"there is no {name}: scripts/setup installs it")
        with open(self.folder / f"{name}.out", "ab") as log:
            self.daemons.append(subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                             cwd=self.folder, start_new_session=True, preexec_fn=end_with_parent))

    def wait(self, condition, problem):
        end = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(f"{path.name}:\n{path.read_text(errors='replace')[-2000:]}" for path in sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out")))
                raise RuntimeError(f"Slurm does not start: {problem}\n{logs}")
            time.sleep(0.05)

    def command(self, *words, cwd=None, environment=None):
        """Runs one of Slurm's commands."""
        return subprocess.run(words, cwd=cwd, env=environment or self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def submit(self, script, *options, cwd, environment=None):
        """The id of a job that `sbatch` took."""
        done = self.command("sbatch", "--parsable", *options, str(script), cwd=cwd, environment=environment)
        if done.returncode != 0:
            raise RuntimeError(f"sbatch refuses {script}: {done.stderr}")
        return done.stdout.strip().split(";")[0]

    def fields(self, job):
        """What Slurm says of a job (or the jobs of an array): a dict each."""
        done = self.command("scontrol", "--oneliner", "show", "job", job)
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in done.stdout.splitlines()]

    def finish(self, job, seconds=90):
        """Waits for the end of a job: [(state, exit code), ...], in the order of an array."""
        end = time.monotonic() + seconds
        while True:
            fields = self.fields(job)
            if fields and all(each["JobState"] not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING") for each in fields):
                fields.sort(key=lambda each: int(each.get("ArrayTaskId", 0)))
                return [(each["JobState"], int(each["ExitCode"].split(":")[0])) for each in fields]
            if time.monotonic() > end:
                raise RuntimeError(f"job {job} does not end: {fields}")
            time.sleep(0.1)
