#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace xylem {

/// What kind of thing went wrong. The value is the exit code of the drivers (docs/exit-codes.md).
enum class ErrorKind : int {
  internal = 1,  ///< a defect in xylem itself
  usage = 2,     ///< the request cannot be meant: an unknown option, name or file
  data = 3,      ///< an input file cannot be read as what it claims to be
  resource = 4,  ///< memory, disk or permissions do not allow what was asked for
};

/// The base of every error that xylem throws. The message is one line: PROBLEM (WHY) SUGGESTION. The classes below take a format
/// string and its arguments, as fmt::format.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  /// The same as the error's class tells.
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  /// What a program that ends with this error returns (docs/exit-codes.md): the value of kind(), 1 to 4.
  [[nodiscard]] int exit_code() const noexcept { return static_cast<int>(kind_); }

  /// True once ranks have agreed on this error, so that every rank throws it (comm/communicator.hpp).
  [[nodiscard]] bool agreed() const noexcept { return agreed_; }
  /// For whoever throws the error on every rank: rank 0 alone reports it then, and the job is not aborted (run_guarded()).
  void set_agreed() noexcept { agreed_ = true; }

 private:
  ErrorKind kind_;
  bool agreed_ = false;
};

/// The request cannot be meant: an unknown option, name or file. Exit code 2.
class UsageError : public Error {
 public:
  template <class... Args>
  explicit UsageError(fmt::format_string<Args...> format, Args&&... args)
      : Error(ErrorKind::usage, fmt::format(format, std::forward<Args>(args)...)) {}
};

/// An input file cannot be read as what it claims to be, or its values have no result. Exit code 3.
class DataError : public Error {
 public:
  template <class... Args>
  explicit DataError(fmt::format_string<Args...> format, Args&&... args)
      : Error(ErrorKind::data, fmt::format(format, std::forward<Args>(args)...)) {}
};

/// Memory, disk or permissions do not allow what was asked for. Exit code 4.
class ResourceError : public Error {
 public:
  template <class... Args>
  explicit ResourceError(fmt::format_string<Args...> format, Args&&... args)
      : Error(ErrorKind::resource, fmt::format(format, std::forward<Args>(args)...)) {}
};

/// A defect in xylem itself, or arguments that break what a function's comment asks for. Exit code 1.
class InternalError : public Error {
 public:
  template <class... Args>
  explicit InternalError(fmt::format_string<Args...> format, Args&&... args)
      : Error(ErrorKind::internal, fmt::format(format, std::forward<Args>(args)...)) {}
};

/// An exception as a value: what rank agreement sends between ranks.
struct Failure {
  ErrorKind kind = ErrorKind::internal;
  std::string message{};
};

/// Throws the class of the error family that belongs to the failure's kind, marked as agreed on by all ranks.
[[noreturn]] void throw_agreed(const Failure& failure);

/// Describes the exception in flight. Call inside a catch block only. `std::bad_alloc` becomes a resource failure.
[[nodiscard]] Failure current_failure();

}  // namespace xylem
