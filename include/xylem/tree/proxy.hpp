#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// What a proxy becomes when it is resolved.
enum class ResolveAs : std::uint8_t {
  data,     ///< elements in memory
  chunked,  ///< a lazy array over the stored chunks (lazy() of array/source.hpp); dantro's `resolve_as_dask`
};

/// Stands for a dataset that has not been read: where it is and all that can be known of it without reading, as dantro's
/// Hdf5DataProxy. Never holds an open file.
class Proxy {
 public:
  /// `info` is not null.
  explicit Proxy(std::shared_ptr<const DatasetInfo> info, ResolveAs resolve_as = ResolveAs::data)
      : info_(std::move(info)), resolve_as_(resolve_as) {}

  /// The dataset's metadata, as long as the proxy lives; longer: shared_info().
  [[nodiscard]] const DatasetInfo& info() const noexcept { return *info_; }
  /// The same; one object for all proxies that were made with it.
  [[nodiscard]] const std::shared_ptr<const DatasetInfo>& shared_info() const noexcept { return info_; }
  /// The stored type.
  [[nodiscard]] const DType& dtype() const noexcept { return info_->dtype; }
  /// Extents by dim; empty for a scalar and a null dataspace.
  [[nodiscard]] const Shape& shape() const noexcept { return info_->shape; }
  /// How many dims there are; 0 for a scalar and a null dataspace.
  [[nodiscard]] std::size_t ndim() const noexcept { return info_->shape.size(); }
  /// Extents of the stored chunks; empty where the dataset is not chunked.
  [[nodiscard]] const Shape& chunks() const noexcept { return info_->chunk; }
  /// What it becomes where resolving does not say.
  [[nodiscard]] ResolveAs resolve_as() const noexcept { return resolve_as_; }
  /// What the tree shows in `proxy (...)`.
  [[nodiscard]] std::vector<std::string> tags() const {
    return resolve_as_ == ResolveAs::chunked ? std::vector<std::string>{"hdf5", "chunked"} : std::vector<std::string>{"hdf5"};
  }

 private:
  std::shared_ptr<const DatasetInfo> info_;
  ResolveAs resolve_as_;
};

}  // namespace xylem
