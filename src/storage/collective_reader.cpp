#include "xylem/storage/collective_reader.hpp"

#include <string>
#include <utility>
#include <vector>

#include "xylem/support/contract.hpp"

#include "detail/direct_reader.hpp"
#include "detail/rows.hpp"
#include "detail/two_phase.hpp"

namespace xylem {
namespace {

// Notes bytes of the file, behind those noted before.
void add(std::vector<FileExtent>& extents, std::int64_t address, std::int64_t bytes) {
  if (bytes == 0) return;
  if (!extents.empty() && extents.back().address + extents.back().bytes == address) {
    extents.back().bytes += bytes;
  } else {
    extents.push_back({address, bytes});
  }
}

}  // namespace

CollectiveReader::CollectiveReader(const Communicator& comm, FilePool& files, std::shared_ptr<const DatasetInfo> info)
    : comm_(comm) {
  comm_.agree([&] { reader_.emplace(files, std::move(info), IoStrategy::direct); });
}

void CollectiveReader::read(const Box& box, std::span<std::byte> out) {
  const DatasetInfo& info = *reader_->info_;
  DirectReader& direct = *reader_->direct_;
  const bool chunked = info.layout == Layout::chunked;
  std::span<std::byte> target;  // of the stored bytes
  const auto extents = comm_.agree([&] {
    XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == box.size() * info.dtype.size, "the buffer fits the box");
    std::vector<FileExtent> wanted;
    if (out.empty()) return wanted;
    if (chunked) {
      direct.locate(box, {box}, raw_);
      for (const RawBlock::Chunk& chunk : raw_.chunks_) add(wanted, chunk.address, static_cast<std::int64_t>(chunk.size));
      target = raw_.bytes_.first(raw_.bytes_.capacity());
    } else if (direct.address() >= 0) {
      const Rows rows(box, {Shape(info.shape.size(), 0), info.shape}, box, info.dtype.size);
      rows.for_each([&](std::int64_t from, std::int64_t) { add(wanted, direct.address() + from, rows.bytes()); });
      target = out;
    }
    return wanted;
  });
  const std::string problem = read_together(comm_, direct.elements(), extents, target);
  comm_.agree([&] {
    if (!problem.empty())
      throw DataError("elements of {} cannot be read ({}): the file is damaged", info.ref.describe(), problem);
    if (out.empty()) return;
    if (chunked) {
      direct.decode(raw_, out);
    } else if (extents.empty()) {
      direct.fill(box, box, out);
    }
  });
}

}  // namespace xylem
