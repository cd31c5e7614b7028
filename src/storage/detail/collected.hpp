#pragma once

#include <hdf5.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "xylem/storage/hdf5.hpp"

namespace xylem::h5 {

/// A list that one of HDF5's callbacks fills. Exceptions must not pass through C code: one waits here until HDF5 has returned.
template <class T>
class Collected {
 public:
  /// Appends what `make` returns. The result is the callback's: negative to end the iteration.
  template <class Make>
  herr_t add(Make&& make) noexcept {
    try {
      items_.push_back(make());
      return 0;
    } catch (...) {
      failure_ = std::current_exception();
      return -1;
    }
  }

  /// The list, once HDF5 has returned `result`. Throws what add() could not, or DataError "WHAT (HDF5: ...)".
  [[nodiscard]] std::vector<T> take(herr_t result, const std::string& what) {
    if (failure_) std::rethrow_exception(failure_);
    check(result, what);
    return std::move(items_);
  }

 private:
  std::vector<T> items_;
  std::exception_ptr failure_;
};

}  // namespace xylem::h5
