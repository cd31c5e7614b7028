#include "detail/chunk_list.hpp"

#include "detail/collected.hpp"

namespace xylem::h5 {

#if H5_VERSION_GE(1, 14, 0)

double chunk_entries_walked(double count) { return count; }

std::vector<Shape> chunk_offsets(hid_t dataset, std::size_t rank, std::int64_t, const std::string& what) {
  struct Offsets {
    std::size_t rank;
    Collected<Shape> list{};
  } offsets{rank};
  // The types of the mask and the size differ between releases.
  const auto collect = [](const hsize_t* offset, auto, haddr_t, auto, void* out) -> int {
    auto& result = *static_cast<Offsets*>(out);
    return result.list.add([&] { return Shape(offset, offset + result.rank); });
  };
  const herr_t listed = H5Dchunk_iter(dataset, H5P_DEFAULT, collect, &offsets);
  return offsets.list.take(listed, what);
}

#else  // each chunk is asked for by its number, for which HDF5 walks the index from the start

double chunk_entries_walked(double count) { return count * count / 2; }

std::vector<Shape> chunk_offsets(hid_t dataset, std::size_t rank, std::int64_t count, const std::string& what) {
  const Dataspace space(H5Dget_space(dataset));
  std::vector<Shape> result;
  std::vector<hsize_t> offset(rank);
  for (std::int64_t i = 0; i < count; ++i) {
    unsigned mask = 0;
    haddr_t address = 0;
    hsize_t size = 0;
    check(H5Dget_chunk_info(dataset, space.get(), static_cast<hsize_t>(i), offset.data(), &mask, &address, &size), what);
    result.emplace_back(offset.begin(), offset.end());
  }
  return result;
}

#endif

}  // namespace xylem::h5
