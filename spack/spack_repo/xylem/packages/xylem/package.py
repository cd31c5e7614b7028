"""xylem for Spack 0.23 and 1.x (docs/spack.md). tests/spack holds it against the CMake files."""

import pathlib

from spack.package import *

try:  # Spack 1.x; 0.23 has the name from spack.package
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:
    pass


class Xylem(CMakePackage):
    """Analysis of HDF5 data larger than a node's memory, under MPI."""

    # The checkout that this file lies in.
    git = f"file://{pathlib.Path(__file__).resolve().parents[5]}"

    license("Apache-2.0")

    version("develop", branch="main")

    variant("openmp", default=False, description="Kokkos with its OpenMP backend")
    variant("cuda", default=False, description="Kokkos with its CUDA backend")
    variant("rocm", default=False, description="Kokkos with its HIP backend")
    variant("tests", default=False, description="Build the tests")

    conflicts("+cuda", when="+rocm", msg="Kokkos has one backend for devices: choose cuda or rocm")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")

    depends_on("mpi")
    depends_on("hdf5@1.10.8:+mpi")
    depends_on("kokkos@3.4:5")
    depends_on("kokkos+openmp", when="+openmp")
    depends_on("kokkos+cuda", when="+cuda")
    depends_on("kokkos+rocm", when="+rocm")
    depends_on("boost@1.74:+program_options")
    depends_on("fmt@9.1:")
    depends_on("yaml-cpp@0.7:")
    depends_on("cereal@1.3.2:")
    depends_on("libdeflate@1.14:")
    depends_on("zstd")
    depends_on("lz4")
    depends_on("c-blosc")

    with when("+tests"):
        depends_on("googletest")
        depends_on("python", type="build")
        depends_on("py-numpy", type="build")
        depends_on("py-h5py", type="build")
        depends_on("py-xarray", type="build")
        depends_on("py-netcdf4", type="build")
        depends_on("py-h5netcdf", type="build")
        depends_on("netcdf-c", type="build")
        depends_on("nco", type="build")
        depends_on("cdo", type="build")

    def cmake_args(self):
        return [
            self.define_from_variant("XYLEM_BUILD_TESTS", "tests"),
            self.define("XYLEM_BUILD_BENCH", False),
            self.define("XYLEM_SANITIZE", False),
        ]

    def _run_under_mpi(self, *arguments):
        mpirun = which("mpirun", "mpiexec", required=True)
        return mpirun(
            "-n", "2", self.prefix.bin.xylem, *arguments, output=str.split, error=str.split
        )

    def test_version(self):
        """the installed program names itself"""
        assert "xylem " in Executable(self.prefix.bin.xylem)(
            "--version", output=str.split, error=str.split
        )

    def test_reduce(self):
        """two ranks write data, list its tree, and compute a maximum over all of it"""
        self._run_under_mpi("demo-data", "data", "--size", "100KiB", "--files", "2", "--overwrite")
        assert "temperature" in self._run_under_mpi("tree", "data/day000.h5")
        assert "warmest = " in self._run_under_mpi(
            "reduce", "data/*.h5", "-e", "warmest = max(temperature)"
        )
