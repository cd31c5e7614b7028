#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/plan/plan.hpp"

/// Arrays lowered to straight programs over boxes of an index space.
namespace xylem::detail {

/// An input of a piece: a dataset, or an intermediate result.
struct PieceLeaf {
  std::shared_ptr<const DatasetInfo> info{};  ///< null: an intermediate
  CfDecoding decoding{};
  std::optional<Array> source{};  ///< the array of the dataset in whole
  std::size_t intermediate = 0;
  std::vector<LeafAxis>
      axes{};  ///< by axis of the dataset or intermediate; `axis` is one of the domain, i counts from the piece's begin

  [[nodiscard]] bool same_values(const PieceLeaf& other) const;
};

/// A box of a domain within which every position in every dataset follows the index linearly.
struct Piece {
  Box box{};
  Program program{};
  std::vector<PieceLeaf> leaves{};  ///< the program's inputs
  std::vector<int> outputs{};       ///< the values of the lowered arrays, in their order
};

/// Puts values into a program, each once.
class ProgramBuilder {
 public:
  explicit ProgramBuilder(Program& program) : program_(program) {}
  int input(const ProgramInput& input, ElementType type);  ///< a new input
  int constant(const Number& value, ElementType type);
  int apply(ApplyValue value);
  int cast(int value, ElementType type);
  [[nodiscard]] ElementType type(int value) const { return program_.values[static_cast<std::size_t>(value)].type; }

 private:
  int find_or_add(ProgramValue value);
  Program& program_;
};

/// Where an array that is reduced on the way is found as an intermediate, or known coordinates.
using FindIntermediate = std::function<std::size_t(const Array&)>;

/// The arrays, whose dims are among `domain`, over `box` of it, in as few pieces as lists of positions and concatenations allow.
/// No piece is empty.
std::vector<Piece> lower(const std::vector<Array>& arrays, const std::vector<Dim>& domain, const Box& box,
                         const FindIntermediate& intermediate);

/// The dims of all inputs, in the order in which they first appear.
std::vector<Dim> all_dims(const std::vector<Array>& inputs);

/// The native stored type of values of an element type.
DType native_dtype(ElementType type);

}  // namespace xylem::detail
