#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// Stands for a dataset that has not been read: where it is and all that can be known of it without reading, as dantro's
/// Hdf5DataProxy. Never holds an open file.
class Proxy {
 public:
  explicit Proxy(std::shared_ptr<const DatasetInfo> info) : info_(std::move(info)) {}

  [[nodiscard]] const DatasetInfo& info() const noexcept { return *info_; }
  [[nodiscard]] const std::shared_ptr<const DatasetInfo>& shared_info() const noexcept { return info_; }
  [[nodiscard]] const DType& dtype() const noexcept { return info_->dtype; }
  [[nodiscard]] const Shape& shape() const noexcept { return info_->shape; }
  [[nodiscard]] std::size_t ndim() const noexcept { return info_->shape.size(); }
  /// Extents of the stored chunks; empty where the dataset is not chunked.
  [[nodiscard]] const Shape& chunks() const noexcept { return info_->chunk; }
  /// What the tree shows in `proxy (...)`.
  [[nodiscard]] std::vector<std::string> tags() const { return {"hdf5"}; }

 private:
  std::shared_ptr<const DatasetInfo> info_;
};

}  // namespace xylem
