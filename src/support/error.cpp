#include "xylem/support/error.hpp"

#include <new>

namespace xylem {

namespace {

template <class E>
[[noreturn]] void throw_as(const std::string& message) {
  E error("{}", message);
  error.set_agreed();
  throw error;
}

}  // namespace

void throw_agreed(const Failure& failure) {
  switch (failure.kind) {
    case ErrorKind::usage: throw_as<UsageError>(failure.message);
    case ErrorKind::data: throw_as<DataError>(failure.message);
    case ErrorKind::resource: throw_as<ResourceError>(failure.message);
    case ErrorKind::internal: break;
  }
  throw_as<InternalError>(failure.message);
}

Failure current_failure() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  } catch (const std::bad_alloc&) {
    return {ErrorKind::resource, "out of memory (an allocation failed): give the ranks more memory or use more nodes"};
  } catch (const std::exception& error) {
    return {ErrorKind::internal, fmt::format("unexpected error: {}", error.what())};
  } catch (...) {
    return {ErrorKind::internal, "unexpected error of unknown type"};
  }
}

}  // namespace xylem
