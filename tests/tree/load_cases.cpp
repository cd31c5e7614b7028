// Load configurations, those of dantro's documentation among them, against the trees that dantro makes of them
// (tests/dantro/make_golden.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "xylem/tree/data_manager.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;
namespace fs = std::filesystem;

namespace {

std::string read_text(const fs::path& name) {
  std::ifstream file(name);
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(LoadCases, PrintTheTreesThatDantroPrints) {
  const fs::path folder = fs::path(XYLEM_GOLDEN) / "load";
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    ++cases;
    const std::string name = entry.path().stem();
    DataManager data(world(), folder / "data");
    data.load_from_cfg(read_manager_config(world(), entry.path()));
    std::vector<std::string> problems;
    TreeFormat format{.style = TreeStyle::dantro};
    EXPECT_EQ(data.tree(format, problems), read_text(folder / (name + ".txt"))) << name;
    format.condensed = default_condense_threshold;
    EXPECT_EQ(data.tree(format, problems), read_text(folder / (name + "_condensed.txt"))) << name;
    EXPECT_EQ(problems, std::vector<std::string>{}) << name;
  }
  EXPECT_EQ(cases, 12);
}

}  // namespace
