#pragma once

#include "xylem/support/multiversion.hpp"
