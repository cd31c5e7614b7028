// Trees and labels against those that dantro itself made (tests/dantro/make_golden.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "xylem/support/json.hpp"
#include "xylem/tree/format.hpp"
#include "xylem/tree/labels.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace {

std::string read_text(const std::string& name) {
  std::ifstream file(name);
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string printed(const std::vector<std::string>& files, const TreeFormat& format) {
  std::vector<std::string> problems;
  std::string text = format_tree(load_tree(world(), files), format, problems);
  EXPECT_EQ(problems, std::vector<std::string>{});
  return text;
}

TreeFormat dantro(std::optional<std::size_t> depth = {}, std::optional<std::size_t> condensed = {}) {
  return {TreeStyle::dantro, depth, condensed, false};
}

class Golden : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::filesystem::current_path(XYLEM_GOLDEN); }
};

// The values that a coordinate runs through; the fixture's linked ones are written out here.
std::string kind_and_values(const Coord& coord) {
  if (coord.path == "/group/beside") return "int\t5\t6";
  if (coord.path == "/coords/heights") return "float\t10.0\t20.0\t40.0";
  return std::visit(
      [](const auto& values) -> std::string {
        using Values = std::decay_t<decltype(values)>;
        std::string text = std::is_same_v<Values, std::vector<double>>         ? "float"
                           : std::is_same_v<Values, std::vector<std::int64_t>> ? "int"
                                                                               : "text";
        if constexpr (!std::is_same_v<Values, std::monostate>) {
          for (const auto& value : values) {
            if constexpr (std::is_same_v<Values, std::vector<double>>) {
              text += "\t" + format_double(value);
            } else {
              text += fmt::format("\t{}", value);
            }
          }
        }
        return text;
      },
      coord.values());
}

void label_lines(const Group& group, std::vector<std::string>& lines) {
  for (const auto& member : group.members()) {
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) label_lines(*inner, lines);
    const auto* container = dynamic_cast<const Container*>(member.get());
    if (container == nullptr) continue;
    const Labels made = labels(*container);
    std::string line = member->path() + "\tdims";
    for (const std::string& dim : made.dims) line += "\t" + dim;
    lines.push_back(line);
    for (const Coord& coord : made.coords) {
      EXPECT_EQ(coord.dims, std::vector<std::string>{coord.name}) << member->path();
      lines.push_back(member->path() + "\t" + coord.name + "\t" + kind_and_values(coord));
    }
  }
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) result.push_back(field);
  return result;
}

TEST_F(Golden, FullTree) {
  EXPECT_EQ(printed({"simulation.h5"}, dantro()), read_text("simulation.txt"));
  EXPECT_EQ(printed({"labels.h5"}, dantro()), read_text("labels.txt"));
}

TEST_F(Golden, CondensedTrees) {
  EXPECT_EQ(printed({"simulation.h5"}, dantro({}, default_condense_threshold)), read_text("simulation_condensed.txt"));
  EXPECT_EQ(printed({"simulation.h5"}, dantro(2, 4)), read_text("simulation_condensed_4.txt"));
  EXPECT_EQ(printed({"simulation.h5"}, dantro(4, 1)), read_text("simulation_condensed_1.txt"));
}

TEST_F(Golden, DepthLimited) { EXPECT_EQ(printed({"simulation.h5"}, dantro(2)), read_text("simulation_depth_2.txt")); }

TEST_F(Golden, SeveralFiles) {
  EXPECT_EQ(printed({"simulation.h5", "labels.h5"}, dantro(3, default_condense_threshold)), read_text("both.txt"));
}

TEST_F(Golden, DimsAndCoords) {
  const Tree tree = load_tree(world(), {"labels.h5"});
  std::vector<std::string> made;
  label_lines(*tree.files[0].root, made);
  std::vector<std::string> expected;
  std::istringstream stream(read_text("coords.txt"));
  for (std::string line; std::getline(stream, line);) expected.push_back(line);
  ASSERT_EQ(made.size(), expected.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i].rfind("/logspace\tx", 0) != 0) {
      EXPECT_EQ(made[i], expected[i]);
      continue;
    }
    // Powers are as exact as the mathematics library: within two units in the last place.
    const auto ours = fields(made[i]), theirs = fields(expected[i]);
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t j = 3; j < ours.size(); ++j) {
      const double a = std::strtod(ours[j].c_str(), nullptr), b = std::strtod(theirs[j].c_str(), nullptr);
      EXPECT_LE(std::fabs(a - b), std::fabs(b) * 0x1p-51);
    }
  }
}

}  // namespace
