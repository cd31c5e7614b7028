#include "xylem/output/result_writer.hpp"

#include <cstring>
#include <filesystem>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/model/half.hpp"
#include "xylem/model/runs.hpp"
#include "xylem/storage/shared_file.hpp"
#include "xylem/storage/writer.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"

#include "detail/result_file.hpp"

namespace xylem {
namespace {

void expect_file_name(const std::string& path) {
  const std::filesystem::path name(path);
  std::error_code error;
  if (!name.has_filename() || std::filesystem::is_directory(name, error)) {
    throw ResourceError("cannot write '{}' (it is the name of a folder); name a file", printable(path));
  }
}

std::vector<std::byte> widened(std::span<const std::byte> halves) {
  std::vector<std::byte> result(2 * halves.size());
  for (std::size_t i = 0; i < halves.size() / 2; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, &halves[2 * i], sizeof bits);
    const float value = widen_half(bits);
    std::memcpy(&result[4 * i], &value, sizeof value);
  }
  return result;
}

bool lies_in(const Box& box, const Shape& shape) {
  if (box.start.size() != shape.size() || box.count.size() != shape.size()) return false;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (box.start[d] < 0 || box.count[d] < 0 || box.count[d] > shape[d] - box.start[d]) return false;
  }
  return true;
}

}  // namespace

ResultWriter::ResultWriter(const Communicator& comm, std::string path, std::vector<ResultVariable> variables,
                           const std::string& history)
    : comm_(comm), path_(std::move(path)), variables_(std::move(variables)), written_(variables_.size()) {
  const detail::FileLayout layout = comm_.agree([&] { return detail::lay_out(variables_); });
  for (const std::string& warning : layout.warnings) logging::warning("'{}': {}", printable(path_), warning);
  std::pair<std::string, std::vector<std::int64_t>> place;
  comm_.agree([&] {
    if (comm_.rank() != 0) return;
    expect_file_name(path_);
    owner_ = std::make_unique<h5::FileWriter>(path_);
    place = {owner_->hidden_path(), detail::write_metadata(*owner_, layout, variables_, history)};
    owner_->close();
  });
  place = from_bytes<decltype(place)>(comm_.broadcast(to_bytes(place), 0));
  offsets_ = std::move(place.second);
  comm_.agree([&] { file_ = std::make_unique<SharedFile>(place.first, path_); });
}

ResultWriter::~ResultWriter() = default;

void ResultWriter::write(std::size_t variable, const Box& box, std::span<const std::byte> values) {
  const ResultVariable& result = variables_.at(variable);
  XYLEM_EXPECT(lies_in(box, result.shape), "a piece lies in its result");
  XYLEM_EXPECT(static_cast<std::int64_t>(values.size()) == box.size() * element_size(result.dtype), "values fill their box");
  std::vector<std::byte> wide;
  if (result.dtype == ElementType::float16) values = wide = widened(values);
  const std::int64_t size = detail::stored_size(result.dtype);
  for_each_run(result.shape, box, [&](std::int64_t first, std::int64_t count) {
    const auto bytes = static_cast<std::size_t>(count * size);
    file_->write(values.first(bytes), offsets_[variable] + first * size);
    values = values.subspan(bytes);
  });
  written_[variable] += box.size();
}

void ResultWriter::commit() {
  comm_.agree([&] { file_->close(); });
  std::vector<std::int64_t> written(written_.begin(), written_.end());
  comm_.all_reduce_sum(written);
  comm_.agree([&] {
    for (std::size_t i = 0; i < variables_.size(); ++i)
      XYLEM_EXPECT(written[i] == num_elements(variables_[i].shape), "every element of a result is written once");
    if (owner_) owner_->commit();
  });
}

}  // namespace xylem
