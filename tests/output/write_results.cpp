// write_results PATH SEED [contiguous|chunked|compressed|append]: writes random results with known elements, cut into random
// boxes that random ranks write. What is written, but not by whom, depends on these alone, and is told to results.py on standard
// output as JSON. append: compressed, half of the results first, the others added to them.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>

#include "xylem/comm/runtime.hpp"
#include "xylem/output/result_writer.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/json.hpp"

using namespace xylem;

namespace {

std::int64_t below(std::mt19937_64& random, std::int64_t n) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
}

AttributeValue text(const std::string& value) { return {.data = std::vector<std::string>{value}}; }

template <class T>
void append(std::vector<std::byte>& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  std::memcpy(&bytes[bytes.size() - sizeof value], &value, sizeof value);
}

// What results.py expects at a place: (17 * place + variable) % 113.
void append_value(std::vector<std::byte>& bytes, ElementType type, std::size_t variable, std::int64_t place) {
  const std::int64_t value = (17 * place + static_cast<std::int64_t>(variable)) % 113;
  switch (type) {
    case ElementType::boolean: return append<std::uint8_t>(bytes, value % 2);
    case ElementType::int8: return append(bytes, static_cast<std::int8_t>(value));
    case ElementType::int16: return append(bytes, static_cast<std::int16_t>(value));
    case ElementType::int32: return append(bytes, static_cast<std::int32_t>(value));
    case ElementType::int64: return append(bytes, value);
    case ElementType::uint8: return append(bytes, static_cast<std::uint8_t>(value));
    case ElementType::uint16: return append(bytes, static_cast<std::uint16_t>(value));
    case ElementType::uint32: return append(bytes, static_cast<std::uint32_t>(value));
    case ElementType::uint64: return append(bytes, static_cast<std::uint64_t>(value));
    case ElementType::float16: return append(bytes, static_cast<std::uint16_t>(value << 8));  // any bits
    case ElementType::float32: return append(bytes, static_cast<float>(value) / 8);
    case ElementType::float64: return append(bytes, static_cast<double>(value) / 8);
  }
}

// `strings`: one of the dims has labels that are strings.
std::vector<ResultVariable> make_results(std::mt19937_64& random, bool strings) {
  const std::vector<std::string> names{"time", "lat", "lon", "bare", "none", "name"};
  const Shape sizes{1 + below(random, 20), 1 + below(random, 20), 1 + below(random, 20), 3, 0, 2};
  std::vector<double> lat;
  for (std::int64_t i = 0; i < sizes[1]; ++i) lat.push_back(static_cast<double>(i) * 0.1 - 45);
  std::vector<std::int64_t> time, lon;
  for (std::int64_t i = 0; i < sizes[0]; ++i) time.push_back(24 * i + 12);
  for (std::int64_t i = 0; i < sizes[2]; ++i) lon.push_back(10 * i);
  const std::vector<ResultCoord> coords{
      {"time", {"time"}, time, {{"units", text("hours since 2000-01-01 00:00:00")}, {"calendar", text("standard")}}},
      {"lat", {"lat"}, lat, {{"units", text("degrees_north")}}},
      {"lon", {"lon"}, lon, {}},
      {"name", {"name"}, std::vector<std::string>{"süd", ""}, {}},
      {"zone", {"lat"}, std::vector<std::string>(lat.size(), "zone"), {}}};
  std::vector<ResultVariable> results;
  for (const ElementType type : kElementTypes) {
    ResultVariable result{.name = std::string("x_") + type_name(type), .dtype = type};
    const std::int64_t wanted = type == ElementType::int8 ? 0 : below(random, 4);
    while (static_cast<std::int64_t>(result.dims.size()) < wanted) {
      const auto dim = static_cast<std::size_t>(below(random, strings ? 6 : 5));
      if (std::count(result.dims.begin(), result.dims.end(), names[dim]) != 0) continue;
      result.dims.push_back(names[dim]);
      result.shape.push_back(sizes[dim]);
    }
    for (const ResultCoord& coord : coords) {
      if (std::count(result.dims.begin(), result.dims.end(), coord.dims[0]) != 0) result.coords.push_back(coord);
    }
    result.coords.push_back({"level", {}, std::vector<double>{850.5}, {{"units", text("hPa")}}});
    result.coords.push_back({"differs", {}, std::vector<std::int64_t>{static_cast<std::int64_t>(results.size())}, {}});
    result.attributes["units"] = text("K");
    result.attributes["limits"] = {.shape = {2}, .data = std::vector<double>{-1.5, 2}};
    results.push_back(std::move(result));
  }
  return results;
}

// Cuts a box in two until it is small, and calls visit(box) with the pieces.
template <class Visit>
void cut(std::mt19937_64& random, const Box& box, Visit visit) {
  std::vector<std::size_t> axes;
  for (std::size_t d = 0; d < box.count.size(); ++d) {
    if (box.count[d] > 1) axes.push_back(d);
  }
  if (axes.empty() || below(random, 4) == 0) return visit(box);
  const std::size_t axis = axes[static_cast<std::size_t>(below(random, static_cast<std::int64_t>(axes.size())))];
  Box low = box, high = box;
  low.count[axis] = 1 + below(random, box.count[axis] - 1);
  high.start[axis] += low.count[axis];
  high.count[axis] -= low.count[axis];
  cut(random, low, visit);
  cut(random, high, visit);
}

std::vector<std::byte> elements(const ResultVariable& result, std::size_t variable, const Box& box) {
  std::vector<std::byte> bytes;
  for (std::int64_t i = 0; i < box.size(); ++i) {
    std::int64_t place = 0, rest = i, stride = 1;
    for (std::size_t d = result.shape.size(); d-- > 0; rest /= box.count[d], stride *= result.shape[d])
      place += (box.start[d] + rest % box.count[d]) * stride;
    append_value(bytes, result.dtype, variable, place);
  }
  return bytes;
}

void describe(const std::vector<ResultVariable>& results) {
  JsonWriter json;
  json.begin_array();
  for (const ResultVariable& result : results) {
    json.begin_object().key("name").value(result.name).key("dtype").value(type_name(result.dtype)).key("shape");
    json.inline_array(result.shape).key("dims").begin_array();
    for (const std::string& dim : result.dims) json.value(dim);
    json.end_array().end_object();
  }
  json.end_array();
  std::cout << json.str();
}

ResultFile make_file(const std::string& how, std::uint64_t seed) {
  ResultFile file{.provenance = {{"made_from", "a seed"}}};
  std::mt19937_64 random(seed);
  file.storage.chunked = how != "contiguous";
  if (how == "compressed" || how == "append") file.storage.deflate = static_cast<int>(1 + below(random, 9));
  if (how == "append") file.existing = Existing::append;
  file.storage.chunk = {1 + below(random, 9), 1 + below(random, 9)};  // of results with two dims; others: all of it
  file.storage.threads = static_cast<int>(1 + below(random, 3));
  return file;
}

// `first`: the number of the first of these results.
void write_some(const Communicator& world, const std::string& path, const std::vector<ResultVariable>& results, std::size_t first,
                std::mt19937_64& random, const ResultFile& file) {
  ResultWriter writer(world, path, results, "made by a test", file);
  for (std::size_t v = 0; v < results.size(); ++v) {
    cut(random, {Shape(results[v].shape.size(), 0), results[v].shape}, [&](const Box& box) {
      if (below(random, 1000) % world.size() == world.rank()) writer.write(v, box, elements(results[v], first + v, box));
    });
  }
  writer.commit();
}

void write(const Communicator& world, const std::string& path, std::uint64_t seed, const std::string& how) {
  std::mt19937_64 random(seed);
  const std::vector<ResultVariable> results = make_results(random, seed % 2 == 1);
  const std::size_t first = how == "append" ? results.size() / 2 : results.size();
  const auto middle = results.begin() + static_cast<std::ptrdiff_t>(first);
  write_some(world, path, {results.begin(), middle}, 0, random, make_file(how, seed));
  if (middle != results.end()) write_some(world, path, {middle, results.end()}, first, random, make_file(how, seed));
  if (world.rank() == 0) describe(results);
}

}  // namespace

int main(int argc, char** argv) {
  MpiRuntime runtime(argc, argv);
  return run_guarded(runtime.world(), [&] {
    write(runtime.world(), argv[1], std::strtoull(argv[2], nullptr, 10), argc > 3 ? argv[3] : "contiguous");
    return 0;
  });
}
