#pragma once

/// All that a program on top of xylem needs, from its start to its results (target xylem::xylem).

#include "xylem/array/elementwise.hpp"
#include "xylem/array/expression.hpp"
#include "xylem/array/source.hpp"
#include "xylem/comm/runtime.hpp"
#include "xylem/exec/session.hpp"
#include "xylem/exec/statistics.hpp"
#include "xylem/output/statistics.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/standard_streams.hpp"
#include "xylem/support/version.hpp"
#include "xylem/tree/describe.hpp"
#include "xylem/tree/format.hpp"
#include "xylem/tree/load.hpp"
#include "xylem/tree/select.hpp"
