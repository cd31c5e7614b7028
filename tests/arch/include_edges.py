#!/usr/bin/env python3
"""Holds every #include of include/, src/ and drivers/, and every DEPENDS and LINK of src/CMakeLists.txt, against the layer table.

Usage: include_edges.py REPOSITORY. Prints one line a violation and exits with 1 if there is any.
A single include root cannot stop a wrong include by linking alone; this does.
"""

import re
import sys
from collections import namedtuple
from pathlib import Path

Row = namedtuple("Row", "layers libraries")

# The table of the design: what a layer may include besides itself and `support`, and the libraries that it may use besides fmt.
# A row names only rows above it. A layer may stand here before its folder exists, never the other way round.
TABLE = {
    "support": Row([], []),
    "model": Row([], []),
    "comm": Row(["model"], ["MPI", "cereal"]),
    "storage": Row(["model", "comm"], ["HDF5", "MPI", "codecs"]),
    "tree": Row(["model", "comm", "storage"], ["yaml-cpp"]),
    "array": Row(["model", "tree"], []),
    "result": Row(["model"], []),
    "plan": Row(["model", "array", "result"], []),
    "kernels": Row(["model"], ["Kokkos", "Boost.Multiprecision"]),
    "exec": Row(["model", "plan", "storage", "kernels", "comm", "result"], ["Kokkos", "MPI"]),
    "output": Row(["model", "result", "storage", "comm"], ["HDF5", "MPI"]),
    "job": Row(["model", "comm", "storage", "tree", "array", "plan", "kernels", "result", "exec", "output"], ["yaml-cpp"]),
}
DRIVERS = Row(list(TABLE), ["Boost.Program_options"])
UMBRELLA = Row(list(TABLE), [])  # include/xylem/xylem.hpp, for programs around xylem: no layer and no driver includes it
ROWS = {**TABLE, "drivers": DRIVERS, "umbrella": UMBRELLA}

# What a layer must not reach through any chain of headers: a plan stands by itself.
OUT_OF_REACH = {"exec": {"array", "tree"}}

LIBRARIES = {  # by the include, and by the CMake target
    "fmt": (r"fmt/", r"fmt::"),
    "MPI": (r"mpi\.h$", r"MPI::"),
    "HDF5": (r"hdf5(_hl)?\.h$|H5", r"xylem_hdf5$"),
    "Kokkos": (r"Kokkos_", r"Kokkos::"),
    "yaml-cpp": (r"yaml-cpp/", r"yaml-cpp::"),
    "cereal": (r"cereal/", r"cereal::"),
    "Boost.Program_options": (r"boost/program_options", r"Boost::program_options$"),
    "Boost.Multiprecision": (r"boost/multiprecision/", r"Boost::(headers|boost)$"),
    "codecs": (r"(zlib|libdeflate|zstd|lz4|blosc2?|szlib)\.h$", r"(ZLIB|libdeflate|zstd|lz4|blosc2?)::"),
}
EVERYWHERE = {"fmt"}
NEVER_IN_PUBLIC_HEADERS = {"Boost.Multiprecision"}

PLATFORM = re.compile(  # the C++ library (no suffix), POSIX and compiler intrinsics
    r"[a-z_0-9]+$|(sys|netinet|arpa)/|(unistd|malloc|fcntl|glob|fnmatch|dirent|signal|pthread|sched|poll|dlfcn|pwd|execinfo|immintrin)\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\b[ \t]*(.*)', re.MULTILINE)
SPELLED = re.compile(r'(["<])([^">]+)[">]')


class Checker:
    def __init__(self, root):
        self.root = Path(root)
        self.violations = []
        self.edges = {}  # file -> project files that it includes
        self.layer_uses = {}  # layer -> layers that its files include, and may

    def run(self):
        self.check_folders()
        for file in sorted(self.sources()):
            self.check_file(file)
        self.check_cycles()
        self.check_reach()
        self.check_targets()
        return self.violations

    def report(self, where, what):
        self.violations.append(f"{where}: {what}")

    def sources(self):
        for top in ("include", "src", "drivers"):
            for file in (self.root / top).rglob("*"):
                if re.search(r"\.(c|cc|cpp|cu|h|hh|hpp|ipp)(\.in)?$", file.name):
                    yield file.relative_to(self.root)

    def folders(self, top):
        path = self.root / top
        return {folder.name for folder in path.iterdir() if any(folder.rglob("*.*"))} if path.is_dir() else set()

    def check_folders(self):
        for top in ("include/xylem", "src"):
            for name in sorted(self.folders(top) - set(TABLE) - {"CMakeLists.txt"}):
                if (self.root / top / name).is_dir():
                    self.report(f"{top}/{name}", "this folder is no layer of the table")

    def owner(self, file):
        """The row of a file: its layer, "drivers", "umbrella", or None."""
        parts = file.parts
        if parts == ("include", "xylem", "xylem.hpp"):
            return "umbrella"
        if parts[0] == "drivers":
            return "drivers"
        depth = 2 if parts[:2] == ("include", "xylem") else 1
        return parts[depth] if len(parts) > depth + 1 and parts[depth] in TABLE else None

    def check_file(self, file):
        self.edges[file] = set()
        owner = self.owner(file)
        if owner is None:
            self.report(file, "this file is in no layer of the table")
            return
        text = (self.root / file).read_text()
        for match in INCLUDE.finditer(text):
            where = f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
            spelled = SPELLED.match(match[1])
            if not spelled:
                self.report(where, f"cannot read this include: {match[1]}")
            elif spelled[2].startswith("xylem/"):
                self.check_layer(where, file, owner, spelled[2])
            elif spelled[1] == '"':
                self.check_private(where, file, owner, spelled[2])
            else:
                self.check_library(where, file, owner, spelled[2])

    def check_layer(self, where, file, owner, name):
        target = Path("include") / name
        layer = self.owner(target)
        if layer is None:
            self.report(where, f"there is no such layer: {name}")
        elif not (self.root / target).is_file():
            self.report(where, f"there is no such public header: {name}")
        else:
            self.edges[file].add(target)
            if layer in {owner, "support", *ROWS[owner].layers}:
                self.layer_uses.setdefault(owner, set()).add(layer)
            else:
                self.report(where, f"{owner} may not include {layer} ({name})")

    def check_private(self, where, file, owner, name):
        """A quoted include without xylem/: a private header, found from the layer's source folder or the includer's own."""
        home = Path("drivers") if owner == "drivers" else Path("src") / owner
        if file.parts[0] == "include":
            self.report(where, f"a public header may not include a private one ({name})")
        elif ".." in Path(name).parts or Path(name).is_absolute():
            self.report(where, f"{owner} may not include by an absolute path or one with '..' ({name})")
        else:
            found = [path for path in (file.parent / name, home / name) if (self.root / path).is_file()]
            if not found:
                self.report(where, f"{owner} has no such private header: {name}")
            self.edges[file].update(found[:1])

    def check_library(self, where, file, owner, name):
        library = next((key for key, (header, _) in LIBRARIES.items() if re.match(header, name)), None)
        row = ROWS[owner]
        if library is None:
            if not PLATFORM.match(name):
                self.report(where, f"<{name}> belongs to no library of the table")
        elif library not in EVERYWHERE | set(row.libraries):
            self.report(where, f"{owner} may not use {library} (<{name}>)")
        elif library in NEVER_IN_PUBLIC_HEADERS and file.parts[0] == "include":
            self.report(where, f"{library} may not be in a public header (<{name}>)")

    def check_cycles(self):
        done, path = set(), []

        def visit(file):
            if file in path:
                self.report(file, "include cycle: " + " -> ".join(map(str, path[path.index(file):] + [file])))
            elif file not in done:
                path.append(file)
                for target in sorted(self.edges.get(file, ())):
                    visit(target)
                path.pop()
                done.add(file)

        for file in sorted(self.edges):
            visit(file)

    def check_reach(self):
        for file in sorted(self.edges):
            forbidden = OUT_OF_REACH.get(self.owner(file), set())
            reached, open_files = set(), [file]
            while forbidden and open_files:
                for target in self.edges.get(open_files.pop(), set()) - reached:
                    reached.add(target)
                    open_files.append(target)
                    if self.owner(target) in forbidden and target not in self.edges[file]:
                        self.report(file, f"{self.owner(file)} may not reach {self.owner(target)}, and does through headers ({target})")

    def check_targets(self):
        """The layers' CMake targets: inside the table, and no less than what the files include."""
        cmake = self.root / "src" / "CMakeLists.txt"
        targets = {}
        for call in re.finditer(r"xylem_add_layer\(\s*(\w+)([^)]*)\)", re.sub(r"#.*", "", cmake.read_text())):
            words = re.split(r"\b(DEPENDS|LINK|SOURCES)\b", call[2])
            arguments = {key: value.split() for key, value in zip(words[1::2], words[2::2])}
            targets[call[1]] = arguments.get("DEPENDS", [])
            self.check_target(call[1], arguments.get("DEPENDS", []), arguments.get("LINK", []))
        for layer in sorted((self.folders("include/xylem") | self.folders("src")) & set(TABLE) - set(targets)):
            self.report("src/CMakeLists.txt", f"no target is built from the layer {layer}")
        for layer, depends in targets.items():
            for used in sorted(self.layer_uses.get(layer, set()) - {layer, "support", *depends}):
                self.report("src/CMakeLists.txt", f"{layer} includes {used}, and its target does not DEPEND on it")

    def check_target(self, layer, depends, link):
        where = "src/CMakeLists.txt"
        if layer not in TABLE:
            self.report(where, f"the target {layer} is no layer of the table")
            return
        for name in sorted(set(depends) - set(TABLE[layer].layers)):
            self.report(where, f"{layer} may not DEPEND on {name}")
        for name in link:
            library = next((key for key, (_, target) in LIBRARIES.items() if re.match(target, name)), None)
            if library not in EVERYWHERE | set(TABLE[layer].libraries):
                self.report(where, f"{layer} may not LINK {name}")


def check(root):
    """Every violation in the repository at `root`, a line each."""
    return Checker(root).run()


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found) if found else "Every include edge is in the table.")
    sys.exit(1 if found else 0)
