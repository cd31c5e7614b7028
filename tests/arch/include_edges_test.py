#!/usr/bin/env python3
"""Shows that include_edges.py finds each kind of violation, and nothing in a tree that has none."""

import tempfile
import unittest
from pathlib import Path

from include_edges import TABLE, check

# A small repository in which every edge is allowed.
CLEAN = {
    "include/xylem/support/error.hpp": "#include <stdexcept>\n#include <fmt/format.h>\n",
    "include/xylem/model/shape.hpp": '#include <vector>\n#include "xylem/support/error.hpp"\n',
    "include/xylem/comm/communicator.hpp": '#include <mpi.h>\n#include "xylem/model/shape.hpp"\n',
    "include/xylem/storage/reader.hpp": '#include <hdf5.h>\n#include "xylem/model/shape.hpp"\n',
    "include/xylem/tree/node.hpp": '#include "xylem/model/shape.hpp"\n',
    "include/xylem/plan/plan.hpp": '#include "xylem/model/shape.hpp"\n',
    "include/xylem/exec/run.hpp": '#include "xylem/plan/plan.hpp"\n',
    "src/storage/reader.cpp": '#include "xylem/storage/reader.hpp"\n#include <sys/stat.h>\n  #  include "detail/raw.hpp"\n',
    "src/storage/detail/raw.hpp": '#include <zlib.h>\n',
    "src/tree/node.cpp": '#include "xylem/tree/node.hpp"\n#include <yaml-cpp/yaml.h>\n',
    "src/kernels/round.cpp": "#include <boost/multiprecision/cpp_int.hpp>\n",
    "src/exec/run.cpp": '#include "xylem/exec/run.hpp"\n#include <Kokkos_Core.hpp>\n#include "xylem/storage/reader.hpp"\n',
    "drivers/main.cpp": '#include <boost/program_options.hpp>\n#include "options.hpp"\n#include "xylem/exec/run.hpp"\n',
    "drivers/options.hpp": "#include <string>\n",
    "include/xylem/xylem.hpp": '#include "xylem/exec/run.hpp"\n#include "xylem/tree/node.hpp"\n',
    "src/CMakeLists.txt": """# xylem_add_layer(unknown)
        xylem_add_layer(support LINK fmt::fmt)
        xylem_add_layer(model SOURCES shape.cpp)
        xylem_add_layer(comm DEPENDS model LINK MPI::MPI_C)
        xylem_add_layer(storage DEPENDS model comm LINK xylem_hdf5 SOURCES reader.cpp)
        xylem_add_layer(tree DEPENDS model comm LINK yaml-cpp::yaml-cpp)
        xylem_add_layer(kernels DEPENDS model LINK Boost::headers)
        xylem_add_layer(plan DEPENDS model)
        xylem_add_layer(exec DEPENDS model plan storage LINK Kokkos::kokkos)
        """,
}
CMAKE = CLEAN["src/CMakeLists.txt"]

# What is changed in the clean tree, and a piece of the one violation that it makes.
BROKEN = [
    ({"src/exec/a.cpp": '#include "xylem/tree/node.hpp"\n'}, "src/exec/a.cpp:1: exec may not include tree"),
    ({"src/model/a.cpp": '\n#include <xylem/comm/communicator.hpp>\n'}, "src/model/a.cpp:2: model may not include comm"),
    ({"src/support/a.cpp": '#include "xylem/model/shape.hpp"\n'}, "src/support/a.cpp:1: support may not include model"),
    ({"src/model/a.cpp": '#include "xylem/nowhere/x.hpp"\n'}, "there is no such layer: xylem/nowhere/x.hpp"),
    ({"src/model/a.cpp": '#include "xylem/model/gone.hpp"\n'}, "there is no such public header"),
    ({"src/tree/a.cpp": '#include "detail/raw.hpp"\n'}, "tree has no such private header: detail/raw.hpp"),
    ({"src/tree/a.cpp": '#include "../storage/detail/raw.hpp"\n'}, "tree may not include by an absolute path or one with '..'"),
    ({"drivers/a.cpp": '#include "detail/raw.hpp"\n'}, "drivers has no such private header: detail/raw.hpp"),
    ({"drivers/a.cpp": '#include "../src/storage/detail/raw.hpp"\n'}, "drivers may not include by an absolute path"),
    ({"include/xylem/storage/a.hpp": '#include "detail/raw.hpp"\n'}, "a public header may not include a private one"),
    ({"src/model/a.cpp": "#include <mpi.h>\n"}, "model may not use MPI"),
    ({"src/tree/a.cpp": "#include <hdf5.h>\n"}, "tree may not use HDF5"),
    ({"src/tree/a.cpp": "#include <H5Cpp.h>\n"}, "tree may not use HDF5"),
    ({"src/storage/a.cpp": "#include <Kokkos_Core.hpp>\n"}, "storage may not use Kokkos"),
    ({"src/storage/a.cpp": "#include <yaml-cpp/yaml.h>\n"}, "storage may not use yaml-cpp"),
    ({"src/exec/a.cpp": "#include <boost/program_options.hpp>\n"}, "exec may not use Boost.Program_options"),
    ({"drivers/a.cpp": "#include <mpi.h>\n"}, "drivers may not use MPI"),
    ({"src/comm/a.cpp": "#include <zlib.h>\n"}, "comm may not use codecs"),
    ({"src/tree/a.cpp": "#include <cereal/cereal.hpp>\n"}, "tree may not use cereal"),
    ({"include/xylem/kernels/a.hpp": "#include <boost/multiprecision/cpp_int.hpp>\n"},
     "Boost.Multiprecision may not be in a public header"),
    ({"src/model/a.cpp": "#include <nlohmann/json.hpp>\n"}, "belongs to no library of the table"),
    ({"src/model/a.cpp": "#include HEADER\n"}, "cannot read this include"),
    ({"include/xylem/support/error.hpp": '#include "xylem/support/b.hpp"\n',
      "include/xylem/support/b.hpp": '#include "xylem/support/error.hpp"\n'}, "include cycle: include/xylem/support/"),
    ({"src/storage/detail/raw.hpp": '#include "detail/raw.hpp"\n'}, "include cycle: src/storage/detail/raw.hpp"),
    ({"include/xylem/stray.hpp": "\n"}, "include/xylem/stray.hpp: this file is in no layer"),
    ({"src/kernels/a.cpp": '#include "xylem/xylem.hpp"\n'}, "kernels may not include umbrella"),
    ({"drivers/a.cpp": '#include "xylem/xylem.hpp"\n'}, "drivers may not include umbrella"),
    ({"include/xylem/xylem.hpp": "#include <hdf5.h>\n"}, "umbrella may not use HDF5"),
    ({"src/CMakeLists.txt": CMAKE + "xylem_add_layer(common)"}, "the target common is no layer of the table"),
    ({"src/CMakeLists.txt": CMAKE.replace("plan DEPENDS model", "plan DEPENDS model tree")}, "plan may not DEPEND on tree"),
    ({"src/CMakeLists.txt": CMAKE.replace("plan DEPENDS model", "plan DEPENDS model LINK MPI::MPI_C")}, "plan may not LINK MPI::MPI_C"),
    ({"src/CMakeLists.txt": CMAKE.replace("plan DEPENDS model", "plan DEPENDS model LINK other")}, "plan may not LINK other"),
    ({"src/CMakeLists.txt": CMAKE.replace("plan storage", "plan")}, "exec includes storage, and its target does not DEPEND on it"),
    ({"src/CMakeLists.txt": CMAKE.replace("xylem_add_layer(tree", "# ")}, "no target is built from the layer tree"),
]


def violations(changes):
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**CLEAN, **changes}.items():
            path = Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check(root)


class IncludeEdges(unittest.TestCase):
    def test_the_clean_tree_has_none(self):
        self.assertEqual(violations({}), [])

    def test_each_violation_is_found_alone(self):
        for changes, expected in BROKEN:
            with self.subTest(expected=expected):
                found = violations(changes)
                self.assertEqual(len(found), 1, found)
                self.assertIn(expected, found[0])

    def test_a_folder_that_is_no_layer(self):
        found = violations({"src/common/a.cpp": "\n"})
        self.assertEqual(found, ["src/common: this folder is no layer of the table",
                                 "src/common/a.cpp: this file is in no layer of the table"])

    def test_a_plan_that_drags_the_tree_into_exec(self):
        found = violations({
            "include/xylem/array/array.hpp": '#include "xylem/tree/node.hpp"\n',
            "include/xylem/plan/plan.hpp": '#include "xylem/array/array.hpp"\n',
            "src/CMakeLists.txt": CMAKE.replace("plan DEPENDS model", "plan DEPENDS model array") +
                                  "xylem_add_layer(array DEPENDS model tree)"})
        self.assertTrue(found)
        for line in found:
            self.assertRegex(line, "exec may not reach (array|tree), and does through headers")

    def test_the_table_goes_one_way(self):
        above = set()
        for layer, row in TABLE.items():
            self.assertLessEqual(set(row.layers), above, layer)
            above.add(layer)


if __name__ == "__main__":
    unittest.main()
