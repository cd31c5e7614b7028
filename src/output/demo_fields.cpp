#include "detail/demo_fields.hpp"

#include <array>
#include <limits>

namespace xylem::demo {
namespace {

enum Variable : std::uint64_t {
  temperature_noise,
  temperature_gap,
  rain_noise,
  rain_gap,
  particle_noise,
  energy_noise,
  hour_word
};

// SplitMix64's output function (Steele, Lea and Flood 2014, https://doi.org/10.1145/2660193.2660195), as a hash of a counter.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

// 64 random bits that belong to one place of one variable.
std::uint64_t random_bits(Variable variable, const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  const auto place = static_cast<std::uint64_t>(x) +
                     static_cast<std::uint64_t>(grid.nx) *
                         (static_cast<std::uint64_t>(y) + static_cast<std::uint64_t>(grid.ny) * static_cast<std::uint64_t>(t));
  return mix(mix(place + 1) + 0x9E3779B97F4A7C15U * (variable + 1));
}

// Uniform in [0, 1), a multiple of 2^-53.
double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// A smooth wave of period 1 between -1 and 1: parabolas in place of a sine, which would take a library's last bit. p >= 0.
double wave(double p) {
  const double f = p - static_cast<double>(static_cast<std::int64_t>(p));
  return f < 0.5 ? 16 * f * (0.5 - f) : -16 * (f - 0.5) * (1 - f);
}

// Where the cell's centre lies between the grid's edges, from 0 to 1.
double fraction(std::int64_t index, std::int64_t count) {
  return (static_cast<double>(index) + 0.5) / static_cast<double>(count);
}

// Travelling weather, between -1 and 1.
double weather_wave(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  const double hours = static_cast<double>(t), east = fraction(x, grid.nx), north = fraction(y, grid.ny);
  return 0.5 * wave(3 * east + hours / 60) + 0.5 * wave(5 * east + 2 * north + hours / 37);
}

}  // namespace

double Grid::latitude(std::int64_t y) const { return -90 + 180 * fraction(y, ny); }
double Grid::longitude(std::int64_t x) const { return 360 * fraction(x, nx); }

float temperature(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  if (random_bits(temperature_gap, grid, t, y, x) % 256 == 0) return missing_temperature;
  const double pole = 2 * fraction(y, grid.ny) - 1;
  const double noise = unit(random_bits(temperature_noise, grid, t, y, x)) - 0.5;
  const double kelvin = 303 - 55 * pole * pole + 8 * weather_wave(grid, t, y, x) + noise;
  return static_cast<float>(static_cast<std::int64_t>(kelvin * 128)) / 128;  // as precise as the model is; compresses well
}

std::int16_t packed_rain(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  if (random_bits(rain_gap, grid, t, y, x) % 512 == 0) return missing_rain;
  const double front = weather_wave(grid, t, y, x) - 0.4;
  const double rate = front <= 0 ? 0 : 100 * front * unit(random_bits(rain_noise, grid, t, y, x));  // mm/h, below 60
  return static_cast<std::int16_t>(static_cast<std::int64_t>(rate / rain_scale) -
                                   static_cast<std::int64_t>(rain_offset / rain_scale));
}

bool is_ocean(const Grid& grid, std::int64_t y, std::int64_t x) {
  const double east = fraction(x, grid.nx), north = fraction(y, grid.ny);
  return wave(2 * east + 0.1) + 0.5 * wave(3 * north + east) < 0.7;
}

double eastward(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  if (!is_ocean(grid, y, x)) return std::numeric_limits<double>::quiet_NaN();
  return 0.8 * wave(4 * fraction(y, grid.ny) + static_cast<double>(t) / 240) + 0.2 * wave(6 * fraction(x, grid.nx));
}

double northward(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  if (!is_ocean(grid, y, x)) return std::numeric_limits<double>::quiet_NaN();
  return 0.5 * wave(4 * fraction(x, grid.nx) + static_cast<double>(t) / 240) + 0.1 * wave(9 * fraction(y, grid.ny));
}

std::uint16_t particles(const Grid& grid, std::int64_t t, std::int64_t y, std::int64_t x) {
  if (!is_ocean(grid, y, x)) return 0;
  const double density = 20 + 15 * weather_wave(grid, t, y, x);
  return static_cast<std::uint16_t>(density * unit(random_bits(particle_noise, grid, t, y, x)));
}

double energy(std::int64_t t) {
  return 1000 + 50 * wave(static_cast<double>(t) / 96) + unit(random_bits(energy_noise, Grid{}, t, 0, 0));
}

const char* weather(std::int64_t t) {
  static constexpr std::array words{"clear", "cloudy", "rain", "föhn"};
  return words[random_bits(hour_word, Grid{}, t, 0, 0) % words.size()];
}

}  // namespace xylem::demo
