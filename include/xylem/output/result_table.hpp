#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/result/array.hpp"

namespace xylem {

/// The elements of one result, row-major, in the native form of its type; nothing where they were not kept.
using ResultElements = std::optional<std::vector<std::byte>>;

/// True for results that are printed with all their values: scalars, up to 40 values along one dim, up to 20 x 10 along two.
[[nodiscard]] bool is_printed_whole(const ResultVariable& variable);

/// Keeps the pieces of those results that are printed whole, for format_results.
class ResultCollector {
 public:
  /// All results, in the order of the numbers that write() takes.
  explicit ResultCollector(std::vector<ResultVariable> variables);

  /// Keeps the elements of a box of one variable, by its number, as ResultWriter::write. Any rank, any thread.
  void write(std::size_t variable, const Box& box, std::span<const std::byte> values);

  /// All pieces of all ranks: the elements of each variable, on every rank.
  /// Collective: yes.
  [[nodiscard]] std::vector<ResultElements> collect(const Communicator& comm) const;

 private:
  struct Piece {
    std::uint64_t variable = 0;
    Shape start;
    Shape count;
    std::vector<std::byte> values;
    template <class Archive>
    void serialize(Archive& archive) {
      archive(variable, start, count, values);
    }
  };

  std::vector<ResultVariable> variables_;
  std::mutex mutex_;
  std::vector<Piece> pieces_;
};

/// Results for people, one after the other: a scalar as "name = value units", values along one dim as two columns, along two as a
/// grid, with labels where dims have them, else positions; a result whose elements are not given as one line that says where it
/// is (`path`, empty where it was not written). Numbers in their shortest form that reads back to the same value.
[[nodiscard]] std::string format_results(const std::vector<ResultVariable>& variables,
                                         const std::vector<ResultElements>& elements, const std::string& path);

}  // namespace xylem
