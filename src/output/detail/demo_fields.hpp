#pragma once

#include <cstdint>

namespace xylem::demo {

/// The model's grid: 24 hourly steps a day (a file), ny rows from south to north, nx columns from west to east.
struct Grid {
  std::int64_t ny = 1;
  std::int64_t nx = 1;

  static constexpr std::int64_t steps_per_day = 24;
  [[nodiscard]] double latitude(std::int64_t y) const;   ///< degrees north, of the cell's centre
  [[nodiscard]] double longitude(std::int64_t x) const;  ///< degrees east, of the cell's centre
};

inline constexpr float missing_temperature = 1e20F;
inline constexpr std::int16_t missing_rain = -32768;
inline constexpr double rain_scale = 1.0 / 512;  ///< mm/h, of one unit of packed rain
inline constexpr double rain_offset = 62.5;      ///< mm/h

// The model's variables at hour `t` (since the start of the first file), row `y`, column `x`.
[[nodiscard]] float temperature(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x);  ///< K, or missing_temperature
[[nodiscard]] std::int16_t packed_rain(const Grid& grid, std::int64_t t, std::int64_t y,
                                       std::int64_t x);                                            ///< packed, or missing_rain
[[nodiscard]] double eastward(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x);   ///< m/s, NaN over land
[[nodiscard]] double northward(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x);  ///< m/s, NaN over land
[[nodiscard]] std::uint16_t particles(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x);  ///< in the cell
[[nodiscard]] bool is_ocean(const Grid& grid, std::int64_t y, std::int64_t x);
[[nodiscard]] double energy(std::int64_t t);        ///< J/m^2
[[nodiscard]] const char* weather(std::int64_t t);  ///< a word for the hour

}  // namespace xylem::demo
