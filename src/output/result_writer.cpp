#include "xylem/output/result_writer.hpp"

#include <cstring>
#include <filesystem>
#include <sstream>
#include <tuple>
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

#include "detail/encoded_chunks.hpp"
#include "detail/result_file.hpp"

namespace xylem {
namespace {

// Each line once.
std::string lines_of_both(const std::string& first, const std::string& second) {
  std::string all = first;
  std::istringstream more(second);
  for (std::string line; std::getline(more, line);) {
    if (('\n' + all + '\n').find('\n' + line + '\n') == std::string::npos) all += '\n' + line;
  }
  return all;
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

void expect_output(const std::string& path, Existing existing) {
  const std::filesystem::path name(path);
  std::error_code error;
  if (!name.has_filename() || std::filesystem::is_directory(name, error)) {
    throw ResourceError("cannot write '{}' (it is the name of a folder); name a file", printable(path));
  }
  if (existing == Existing::refuse && std::filesystem::exists(std::filesystem::symlink_status(name, error))) {
    throw UsageError("'{}' exists already; overwrite it or append to it (--overwrite, --append), or name another file",
                     printable(path));
  }
}

ResultWriter::ResultWriter(const Communicator& comm, std::string path, std::vector<ResultVariable> variables,
                           const std::string& history, const ResultFile& file)
    : comm_(comm),
      path_(std::move(path)),
      variables_(std::move(variables)),
      threads_(file.storage.threads),
      written_(variables_.size()) {
  const int deflate = file.storage.deflate;
  std::vector<Shape> chunks;
  std::error_code error;
  const bool appends =
      comm_.broadcast(file.existing == Existing::append && std::filesystem::exists(path_, error) ? "y" : "", 0) == "y";
  std::optional<detail::ExistingFile> existing;
  const detail::FileLayout layout = comm_.agree([&] {
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      chunks.push_back(result_chunk(variables_[v], file.storage, v));
      grids_.push_back(chunks[v].empty() ? std::nullopt : std::optional(ChunkGrid(variables_[v].shape, chunks[v])));
    }
    if (appends && comm_.rank() == 0) existing.emplace(path_);
    return detail::lay_out(variables_, existing ? &*existing : nullptr);
  });
  for (const std::string& warning : layout.warnings) logging::warning("'{}': {}", printable(path_), warning);
  std::map<std::string, std::string> attributes = file.provenance;
  attributes["Conventions"] = existing ? existing->attribute("Conventions").value_or("CF-1.11") : "CF-1.11";
  attributes["history"] = history;
  if (existing && existing->attribute("history")) attributes["history"] += "\n" + *existing->attribute("history");
  if (const auto before = existing ? existing->attribute("xylem_skipped") : std::nullopt) {
    attributes["xylem_skipped"] = lines_of_both(*before, attributes["xylem_skipped"]);  // what is there already lacks them still
  }

  std::string hidden;
  comm_.agree([&] {
    if (comm_.rank() != 0) return;
    expect_output(path_, file.existing);
    owner_ = std::make_unique<h5::FileWriter>(path_, appends);
    hidden = owner_->hidden_path();
    datasets_ = detail::write_metadata(*owner_, layout, variables_, attributes, chunks, deflate);
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      places_.emplace_back();
      if (!grids_[v]) places_[v].push_back(datasets_[v].offset);
      for (std::int64_t c = 0; grids_[v] && deflate == 0 && c < grids_[v]->size(); ++c) {
        const std::int64_t bytes = *num_elements(chunks[v]) * detail::stored_size(variables_[v].dtype);
        places_[v].push_back(owner_->place_chunk(datasets_[v].dataset, grids_[v]->box(c).start, bytes));
      }
    }
    if (deflate == 0) close_owner();
  });
  std::tie(hidden, places_) =
      from_bytes<std::pair<std::string, decltype(places_)>>(comm_.broadcast(to_bytes(std::pair(hidden, places_)), 0));
  comm_.agree([&] {
    file_ = std::make_unique<SharedFile>(hidden, path_);
    if (deflate == 0) return;
    std::vector<detail::EncodedVariable> encoded;
    for (std::size_t v = 0; v < variables_.size(); ++v) encoded.push_back({grids_[v], detail::stored_size(variables_[v].dtype)});
    encoded_ = std::make_unique<detail::EncodedChunks>(comm_, path_, std::move(encoded), deflate);
  });
}

ResultWriter::~ResultWriter() = default;

void ResultWriter::close_owner() {
  datasets_.clear();
  owner_->close();
}

void ResultWriter::write(std::size_t variable, const Box& box, std::span<const std::byte> values) {
  const ResultVariable& result = variables_.at(variable);
  XYLEM_EXPECT(lies_in(box, result.shape), "a piece lies in its result");
  XYLEM_EXPECT(static_cast<std::int64_t>(values.size()) == box.size() * element_size(result.dtype), "values fill their box");
  std::vector<std::byte> wide;
  if (result.dtype == ElementType::float16) values = wide = widened(values);
  if (!grids_[variable]) {
    write_runs(result.shape, box, values, places_[variable][0], variable);
  } else if (encoded_) {
    encoded_->write(variable, box, values);
  } else {
    write_chunks(variable, box, values);
  }
  written_[variable] += box.size();
}

// The elements of a box of a row-major array that begins at `place` in the file.
void ResultWriter::write_runs(const Shape& shape, const Box& box, std::span<const std::byte> values, std::int64_t place,
                              std::size_t variable) {
  const std::int64_t size = detail::stored_size(variables_[variable].dtype);
  for_each_run(shape, box, [&](std::int64_t first, std::int64_t count) {
    const auto bytes = static_cast<std::size_t>(count * size);
    file_->write(values.first(bytes), place + first * size);
    values = values.subspan(bytes);
  });
}

void ResultWriter::write_chunks(std::size_t variable, const Box& box, std::span<const std::byte> values) {
  const ChunkGrid& grid = *grids_[variable];
  const int size = detail::stored_size(variables_[variable].dtype);
  std::vector<std::byte> part;
  detail::for_each_piece(grid, box, [&](const detail::ChunkPiece& piece) {
    const Shape& count = piece.in_chunk.count;
    part.resize(static_cast<std::size_t>(piece.in_chunk.size() * size));
    detail::copy_box(values.data(), box.count, {piece.in_box, count}, part.data(), count, Shape(count.size(), 0), size);
    write_runs(grid.tile(), piece.in_chunk, part, places_[variable][static_cast<std::size_t>(piece.chunk)], variable);
  });
}

void ResultWriter::finish() {
  std::vector<std::int64_t> written(written_.begin(), written_.end());
  comm_.all_reduce_sum(written);
  comm_.agree([&] {
    for (std::size_t i = 0; i < variables_.size(); ++i)
      XYLEM_EXPECT(written[i] == num_elements(variables_[i].shape), "every element of a result is written once");
  });
  if (encoded_) {
    encoded_->place_all(threads_, [&](std::size_t variable, const Box& chunk, std::int64_t size) {
      return owner_->place_chunk(datasets_[variable].dataset, chunk.start, size);
    });
    comm_.agree([&] {
      if (owner_) close_owner();
    });
    comm_.agree([&] { encoded_->copy_to(*file_); });
  }
  comm_.agree([&] { file_->close(); });
  finished_ = true;
}

void ResultWriter::commit() {
  if (!finished_) finish();
  comm_.agree([&] {
    if (owner_) owner_->commit();
  });
}

}  // namespace xylem
