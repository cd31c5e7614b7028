// What the compiler refuses, by REFUSED: custom_refused.sh looks for what it says.
#include <string>

#include "xylem/kernels/custom.hpp"

struct Longest {
#if REFUSED == 1
  using State = std::string;  // not trivially copyable
#else
  using State = long;
#endif
  State identity() const { return {}; }
#if REFUSED == 2
  void update(State&, double) {}  // not const
#elif REFUSED == 3
  void update(State&, double&) const {}  // would write its input
#elif REFUSED == 4
  void update(State&, const char*) const {}
#else
  void update(State&, double) const {}
#endif
  void combine(State&, const State&) const {}
  double finalize(const State&) const { return 0; }
};

const auto longest = xylem::custom_reduction("longest", Longest{});
#if REFUSED == 5
const auto any = xylem::custom_function("any", [](auto x) { return x; });
#endif
