// The main of tests that run under mpirun: one rank reports, and a failure on any rank fails the program on every rank.
#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdio>

#include "xylem/comm/runtime.hpp"

#include "mpi_world.hpp"

namespace {
const xylem::Communicator* world = nullptr;
}

const xylem::Communicator& xylem::test::world() { return *::world; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  xylem::MpiRuntime runtime(argc, argv);
  world = &runtime.world();
  if (world->rank() != 0)
    delete testing::UnitTest::GetInstance()->listeners().Release(
        testing::UnitTest::GetInstance()->listeners().default_result_printer());
  int failed = RUN_ALL_TESTS();
  if (failed != 0 && world->rank() != 0) {
    for (int i = 0; i < testing::UnitTest::GetInstance()->total_test_suite_count(); ++i) {
      const auto* suite = testing::UnitTest::GetInstance()->GetTestSuite(i);
      for (int j = 0; j < suite->total_test_count(); ++j) {
        const auto* result = suite->GetTestInfo(j)->result();
        for (int k = 0; k < result->total_part_count(); ++k) {
          const auto& part = result->GetTestPartResult(k);
          if (part.failed())
            std::fprintf(stderr, "rank %d: %s.%s: %s\n", world->rank(), suite->name(), suite->GetTestInfo(j)->name(),
                         part.summary());
        }
      }
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, world->handle());
  return failed;
}
