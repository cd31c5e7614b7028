#pragma once

#include "xylem/support/error.hpp"

/// Holds a programmer's promise: throws InternalError with the place when it is broken. Never for a user's mistake.
#define XYLEM_EXPECT(condition, what)                                                                        \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      throw ::xylem::InternalError("broken contract: {} ({}, {}:{})", what, #condition, __FILE__, __LINE__); \
    }                                                                                                        \
  } while (false)
