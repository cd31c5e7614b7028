#include "xylem/support/error.hpp"

#include <new>

namespace xylem {

void throw_error(ErrorKind kind, const std::string& message) {
  switch (kind) {
    case ErrorKind::usage: throw UsageError("{}", message);
    case ErrorKind::data: throw DataError("{}", message);
    case ErrorKind::resource: throw ResourceError("{}", message);
    case ErrorKind::internal: break;
  }
  throw InternalError("{}", message);
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
