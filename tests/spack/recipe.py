"""recipe.py SOURCE: what the Spack recipe says equals what the project's own CMake files say; read without Spack."""
import pathlib
import re
import sys
import types
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1))
FOLDER = SOURCE / "spack/spack_repo/xylem"
# CMake's names, where Spack has others.
SPACK_NAMES = {"gtest": "googletest", "blosc": "c-blosc", "threads": None,  # no package: the compiler's own
               "ncdump": "netcdf-c", "ncks": "nco", "cdo": "cdo"}


class Recorder:
    """Stands for spack.package: notes each directive, with what `with when(...)` around it adds."""

    def __init__(self):
        self.calls, self.conditions = [], []

    def directive(self, name):
        return lambda *arguments, **options: self.calls.append((name, arguments, {**options, "when": " ".join([*self.conditions, options.get("when", "")]).strip()}))

    def when(self, condition):
        recorder = self

        class Context:
            def __enter__(self):
                recorder.conditions.append(condition)

            def __exit__(self, *_):
                recorder.conditions.pop()

        return Context()

    def module(self):
        module = types.ModuleType("spack.package")
        for name in ("version", "variant", "depends_on", "conflicts", "license"):
            setattr(module, name, self.directive(name))
        module.when, module.CMakePackage = self.when, type("CMakePackage", (), {})
        return module


def load():
    recorder = Recorder()
    sys.modules["spack"], sys.modules["spack.package"] = types.ModuleType("spack"), recorder.module()
    path = FOLDER / "packages/xylem/package.py"
    scope = {"__file__": str(path)}
    exec(compile(path.read_text(), path, "exec"), scope)
    return recorder.calls, scope["Xylem"]


class Recipe(unittest.TestCase):
    calls, package = load()
    dependencies_file = (SOURCE / "cmake/XylemDependencies.cmake").read_text()
    project = (SOURCE / "CMakeLists.txt").read_text()

    def dependencies(self):
        """name -> (minimum version, variants, when)"""
        found = {}
        for name, (spec, *_), options in self.calls:
            if name == "depends_on":
                base, version = re.fullmatch(r"([a-z0-9-]+)(?:@([0-9.]*):[0-9.]*)?(?:\+\w+)*", spec).groups()
                if base not in found or version:
                    found[base] = (version, spec, options["when"])
        return found

    def test_dependencies_and_their_versions(self):
        text = re.sub(r"#.*", "", self.dependencies_file)
        wanted = {}
        for name, version in re.findall(r"find_package\(([\w-]+)(?: (\d[\d.]*))?", text):
            wanted[SPACK_NAMES.get(name.lower(), name.lower())] = version or None
        low, high = re.search(r"Kokkos_VERSION VERSION_LESS ([\d.]+) OR NOT Kokkos_VERSION VERSION_LESS (\d+)", text).groups()
        wanted["kokkos"] = low
        found = self.dependencies()
        self.assertEqual(found["kokkos"][1], f"kokkos@{low}:{int(high) - 1}")
        for name, version in wanted.items():
            if name is not None:
                self.assertIn(name, found)
                self.assertEqual(found[name][0], version, name)
        cmake = re.search(r"cmake_minimum_required\(VERSION ([\d.]+)\)", self.project).group(1)
        self.assertEqual(found["cmake"][0], cmake)
        python = {name for name in found if name.startswith("py-")}
        modules = re.search(r'import ([\w, ]+)"', self.dependencies_file).group(1).lower().split(", ")
        self.assertEqual(python, {f"py-{module}" for module in modules})
        readers = {SPACK_NAMES[name] for name in re.search(r"foreach\(reader ([\w ]+)\)", self.dependencies_file).group(1).split()}
        self.assertEqual(set(found) - set(wanted) - python - readers, {"c", "cxx", "cmake", "python"})
        for name in python | readers | {"googletest"}:
            self.assertEqual(found[name][2], "+tests", name)
        self.assertIn("+mpi", found["hdf5"][1])
        self.assertIn("+program_options", found["boost"][1])

    def test_options(self):
        package = self.package()
        package.define = package.define_from_variant = lambda name, value: name
        self.assertEqual(set(package.cmake_args()), set(re.findall(r"option\((XYLEM_\w+)", self.project)))

    def test_variants(self):
        variants = [arguments[0] for name, arguments, _ in self.calls if name == "variant"]
        self.assertEqual(sorted(variants), ["cuda", "openmp", "rocm", "tests"])
        for backend in ("cuda", "openmp", "rocm"):
            self.assertIn(("depends_on", (f"kokkos+{backend}",), {"when": f"+{backend}"}), self.calls)

    def test_versions(self):
        self.assertIn("develop", [arguments[0] for name, arguments, _ in self.calls if name == "version"])
        self.assertEqual(pathlib.Path(self.package.git.removeprefix("file://")), SOURCE.resolve())

    def test_repository_and_environment(self):
        self.assertEqual((FOLDER / "repo.yaml").read_text().split(), ["repo:", "namespace:", "xylem", "api:", "v2.0"])
        folder = SOURCE / "spack/environment"
        text = (folder / "spack.yaml").read_text()
        repository, checkout = re.search(r"repos:\n  - (\S+)", text).group(1), re.search(r"path: (\S+)", text).group(1)
        self.assertEqual((folder / repository).resolve(), FOLDER.resolve())
        self.assertEqual((folder / checkout).resolve(), SOURCE.resolve())


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
