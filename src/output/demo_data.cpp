#include "xylem/output/demo_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <system_error>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/storage/writer.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/progress.hpp"
#include "xylem/support/text.hpp"

#include "detail/demo_fields.hpp"

namespace xylem {
namespace {

namespace fs = std::filesystem;
using demo::Grid;

constexpr std::int64_t steps = Grid::steps_per_day;
constexpr std::int64_t max_chunk_bytes = (4LL << 30) - 1;  // a chunk's size is stored in 32 bits
constexpr std::uintmax_t max_compression = 8;              // of these fields, at the very best
constexpr std::int64_t max_files = 1'000'000;
constexpr int deflate_level = 1;  // higher ones take several times as long and save little on data with noise

// The largest n with n * n <= value.
std::int64_t integer_root(std::int64_t value) {
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(value)));
  while (root * root > value) --root;
  while ((root + 1) * (root + 1) <= value) ++root;
  return root;
}

// The grid, about twice as wide as high, whose variables fill the asked size.
Grid choose_grid(const DemoDataOptions& options) {
  const std::int64_t bytes_per_cell =
      options.single_variable ? sizeof(float) : sizeof(float) + sizeof(std::int16_t) + 2 * sizeof(double) + sizeof(std::uint16_t);
  const std::int64_t cells = std::max<std::int64_t>(1, options.size_bytes / options.files / steps / bytes_per_cell);
  Grid grid;
  grid.ny = std::max<std::int64_t>(1, integer_root(cells / 2));
  grid.nx = cells / grid.ny;
  return grid;
}

// A quarter of a day at most, and a tile as square as it can be.
Shape choose_chunk(const Shape& shape, std::int64_t element_bytes, std::int64_t chunk_bytes) {
  const std::int64_t elements = std::max<std::int64_t>(1, chunk_bytes / element_bytes);
  Shape chunk = shape;
  const std::size_t y = shape.size() - 2, x = shape.size() - 1;
  if (shape.size() == 3) chunk[0] = std::min(steps / 4, elements);
  const std::int64_t tile = shape.size() == 3 ? elements / chunk[0] : elements;
  chunk[y] = std::min(shape[y], integer_root(tile));
  chunk[x] = std::min(shape[x], tile / chunk[y]);
  chunk[y] = std::min(shape[y], tile / chunk[x]);
  return chunk;
}

// One file of the ensemble, in the making.
class DemoFile {
 public:
  DemoFile(const std::string& path, std::int64_t day, const Grid& grid, const DemoDataOptions& options, Progress* progress)
      : file_(path), first_hour_(day * steps), grid_(grid), options_(options), progress_(progress) {}

  void write() {
    write_title();
    write_atmosphere();
    if (!options_.single_variable) write_ocean();
    file_.commit();
  }

 private:
  void write_title() {
    file_.attribute("/", "Conventions", "CF-1.8");
    file_.attribute("/", "title", "xylem demo data: a day of a coupled model");
    file_.attribute("/", "model", "demo");
    file_.attribute("/", "day", first_hour_ / steps);
    file_.attribute("/", "time_step", 3600.0);
    file_.attribute("/", "grid", std::vector<std::int64_t>{grid_.ny, grid_.nx});
  }

  void write_atmosphere() {
    file_.create_group("/atm");
    write_coords("/atm");
    const float no_temperature = demo::missing_temperature;
    write_field<float>("/atm/temperature", {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT}, &no_temperature, demo::temperature);
    describe("/atm/temperature", "air temperature", "K");
    if (options_.single_variable) return;

    const std::int16_t no_rain = demo::missing_rain;
    write_field<std::int16_t>("/atm/rain", {H5T_STD_I16LE, H5T_NATIVE_INT16}, &no_rain, demo::packed_rain);
    describe("/atm/rain", "rate of rain", "mm h-1");
    file_.attribute("/atm/rain", "scale_factor", std::vector<double>{demo::rain_scale});
    file_.attribute("/atm/rain", "add_offset", std::vector<double>{demo::rain_offset});
    write_weather();

    const double co2 = 412.5;
    file_.write(file_.create_dataset("/atm/co2", {.type = H5T_IEEE_F64LE}), {}, H5T_NATIVE_DOUBLE, &co2);
    describe("/atm/co2", "carbon dioxide in the air", "1e-6");
  }

  void write_weather() {
    h5::Datatype text(H5Tcopy(H5T_C_S1));
    H5Tset_size(text.get(), H5T_VARIABLE);
    H5Tset_cset(text.get(), H5T_CSET_UTF8);
    std::vector<const char*> words;
    for (std::int64_t t = 0; t < steps; ++t) words.push_back(demo::weather(first_hour_ + t));
    file_.write(file_.create_dataset("/atm/weather", {.type = text.get(), .shape = {steps}}), {}, text.get(), words.data());
    file_.attach_scales("/atm/weather", {"/atm/time"});
    describe("/atm/weather", "a word for the hour", {});
  }

  // dantro's attributes say the same as the scales.
  void write_ocean() {
    file_.create_group("/ocean");
    write_coords("/ocean");
    write_field<double>("/ocean/u", {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE}, nullptr, demo::eastward);
    describe("/ocean/u", "eastward current", "m s-1");
    name_dims_and_coords("/ocean/u", {"time", "y", "x"});
    write_field<double>("/ocean/v", {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE}, nullptr, demo::northward);
    describe("/ocean/v", "northward current", "m s-1");
    name_dims_and_coords("/ocean/v", {"time", "y", "x"});
    write_field<std::uint16_t>("/ocean/particles", {H5T_STD_U16LE, H5T_NATIVE_UINT16}, nullptr, demo::particles);
    describe("/ocean/particles", "drifting particles in the cell", "1");
    write_mask();

    std::vector<double> values;
    for (std::int64_t t = 0; t < steps; ++t) values.push_back(demo::energy(first_hour_ + t));
    file_.write(file_.create_dataset("/ocean/energy", {.type = H5T_IEEE_F64LE, .shape = {steps}}), {}, H5T_NATIVE_DOUBLE,
                values.data());
    file_.attach_scales("/ocean/energy", {"/ocean/time"});
    describe("/ocean/energy", "kinetic energy of the ocean", "J m-2");
    name_dims_and_coords("/ocean/energy", {"time"});
  }

  void write_mask() {
    const h5::Datatype boolean(H5Tenum_create(H5T_STD_I8LE));  // as h5py writes NumPy's bool
    for (const auto& [name, value] : {std::pair<const char*, std::int8_t>{"FALSE", 0}, {"TRUE", 1}})
      H5Tenum_insert(boolean.get(), name, &value);
    const h5::DatasetSpec spec = chunked(boolean.get(), {grid_.ny, grid_.nx}, 1);
    const h5::Dataset dataset = file_.create_dataset("/ocean/mask", spec);
    std::vector<std::int8_t> values;
    for_each_chunk(spec, [&](const Box& box) {
      values.clear();
      for (std::int64_t y = box.start[0]; y < box.start[0] + box.count[0]; ++y)
        for (std::int64_t x = box.start[1]; x < box.start[1] + box.count[1]; ++x) values.push_back(demo::is_ocean(grid_, y, x));
      file_.write(dataset, box, boolean.get(), values.data());
    });
    file_.attach_scales("/ocean/mask", {"/ocean/y", "/ocean/x"});
    describe("/ocean/mask", "true where there is ocean", {});
  }

  void name_dims_and_coords(const std::string& path, const std::vector<std::string>& dims) {
    file_.attribute(path, "dims", dims);
    for (const std::string& dim : dims) {
      const bool is_time = dim == "time";
      file_.attribute(path, "coords_mode__" + dim, is_time ? "start_and_step" : "linked");
      if (is_time) {
        file_.attribute(path, "coords__" + dim, std::vector<std::int64_t>{first_hour_, 1});
      } else {
        file_.attribute(path, "coords__" + dim, dim);
      }
    }
  }

  void write_coords(const std::string& group) {
    write_coord(group + "/time", steps, true, [&](std::int64_t t) { return static_cast<double>(first_hour_ + t); });
    describe(group + "/time", "time", "hours since 2000-01-01 00:00:00");
    file_.attribute(group + "/time", "calendar", "standard");
    write_coord(group + "/y", grid_.ny, false, [&](std::int64_t y) { return grid_.latitude(y); });
    describe(group + "/y", "latitude", "degrees_north");
    write_coord(group + "/x", grid_.nx, false, [&](std::int64_t x) { return grid_.longitude(x); });
    describe(group + "/x", "longitude", "degrees_east");
  }

  template <class Value>
  void write_coord(const std::string& path, std::int64_t length, bool unlimited, Value value) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < length; ++i) values.push_back(value(i));
    const h5::DatasetSpec spec{
        .type = H5T_IEEE_F64LE, .shape = {length}, .unlimited = unlimited, .chunk = unlimited ? Shape{length} : Shape{}};
    file_.write(file_.create_dataset(path, spec), {}, H5T_NATIVE_DOUBLE, values.data());
    file_.make_scale(path);
  }

  struct Types {
    hid_t stored;
    hid_t memory;
  };

  // A variable of (time, y, x), value(grid, hour, y, x) at a time; `missing` is its _FillValue.
  template <class T>
  void write_field(const std::string& path, Types types, const T* missing,
                   T (*value)(const Grid&, std::int64_t, std::int64_t, std::int64_t)) {
    h5::DatasetSpec spec = chunked(types.stored, {steps, grid_.ny, grid_.nx}, sizeof(T));
    spec.unlimited = true;
    spec.fill = missing;
    spec.fill_type = types.memory;
    const h5::Dataset dataset = file_.create_dataset(path, spec);
    std::vector<T> values;
    for_each_chunk(spec, [&](const Box& box) {
      values.resize(static_cast<std::size_t>(box.size()));
      auto next = values.begin();
      for (std::int64_t t = box.start[0]; t < box.start[0] + box.count[0]; ++t)
        for (std::int64_t y = box.start[1]; y < box.start[1] + box.count[1]; ++y)
          for (std::int64_t x = box.start[2]; x < box.start[2] + box.count[2]; ++x) *next++ = value(grid_, first_hour_ + t, y, x);
      file_.write(dataset, box, types.memory, values.data());
      if (progress_ != nullptr) progress_->advance(box.size() * static_cast<std::int64_t>(sizeof(T)));
    });
    const std::string group = path.substr(0, path.rfind('/'));
    file_.attach_scales(path, {group + "/time", group + "/y", group + "/x"});
    if (missing != nullptr) file_.attribute(path, "_FillValue", types.stored, types.memory, missing);
  }

  [[nodiscard]] h5::DatasetSpec chunked(hid_t type, const Shape& shape, std::int64_t element_bytes) const {
    return {.type = type,
            .shape = shape,
            .chunk = choose_chunk(shape, element_bytes, options_.chunk_bytes),
            .deflate = options_.compress ? deflate_level : 0};
  }

  template <class Visit>
  static void for_each_chunk(const h5::DatasetSpec& spec, Visit visit) {
    const ChunkGrid chunks(spec.shape, spec.chunk);
    for (std::int64_t i = 0; i < chunks.size(); ++i) visit(chunks.box(i));
  }

  void describe(const std::string& path, const std::string& long_name, const std::string& units) {
    file_.attribute(path, "long_name", long_name);
    if (!units.empty()) file_.attribute(path, "units", units);
  }

  h5::FileWriter file_;
  std::int64_t first_hour_;
  const Grid& grid_;
  const DemoDataOptions& options_;
  Progress* progress_;
};

std::vector<std::string> file_names(const DemoDataOptions& options) {
  const int digits = std::max(3, static_cast<int>(std::to_string(options.files - 1).size()));
  std::vector<std::string> names;
  for (int i = 0; i < options.files; ++i)
    names.push_back((fs::path(options.directory) / fmt::format("day{:0{}}.h5", i, digits)).string());
  return names;
}

void prepare_folder(const DemoDataOptions& options, const std::vector<std::string>& names) {
  std::error_code error;
  fs::create_directories(options.directory, error);
  if (error || !fs::is_directory(options.directory, error)) {
    throw ResourceError("cannot make the folder '{}' ({}); choose another", printable(options.directory),
                        error ? error.message() : "something else has this name");
  }
  const fs::space_info space = fs::space(options.directory, error);
  if (!error && space.capacity > 0 &&
      static_cast<std::uintmax_t>(options.size_bytes) / (options.compress ? max_compression : 1) > space.available) {
    throw ResourceError("'{}' has {} free, too little for {} of demo data; choose another folder or a smaller --size",
                        printable(options.directory), format_bytes(static_cast<std::int64_t>(space.available)),
                        format_bytes(options.size_bytes));
  }
  if (options.overwrite) return;
  for (const std::string& name : names) {
    if (fs::exists(fs::symlink_status(name, error)))
      throw UsageError("'{}' exists already; choose another folder, or pass --overwrite to replace it", printable(name));
  }
}

void check(const DemoDataOptions& options) {
  if (options.files < 1 || options.files > max_files) {
    throw UsageError("cannot write {} files of demo data; ask for 1 to {}", options.files, max_files);
  }
  if (options.size_bytes < 1 || options.chunk_bytes < 1) {
    throw UsageError("demo data of {} bytes in chunks of {} bytes cannot be made; both must be at least 1", options.size_bytes,
                     options.chunk_bytes);
  }
  if (options.chunk_bytes > max_chunk_bytes) {
    throw UsageError("chunks of {} are more than HDF5 allows ({}); ask for smaller ones", format_bytes(options.chunk_bytes),
                     format_bytes(max_chunk_bytes));
  }
}

}  // namespace

std::vector<std::string> write_demo_data(const Communicator& world, const DemoDataOptions& options) {
  world.agree([&] { check(options); });
  const std::vector<std::string> names = file_names(options);
  world.agree([&] {
    if (world.rank() == 0) prepare_folder(options, names);
  });
  world.agree([&] {
    const Grid grid = choose_grid(options);
    const auto ranks = static_cast<std::size_t>(world.size());
    std::optional<Progress> progress;
    if (options.show_progress && world.rank() == 0) {
      const auto own_files = static_cast<std::int64_t>((names.size() + ranks - 1) / ranks);
      progress.emplace("writing", options.size_bytes / options.files * own_files,
                       Progress::for_stderr(true, static_cast<double>(options.files) / static_cast<double>(own_files)));
    }
    for (auto i = static_cast<std::size_t>(world.rank()); i < names.size(); i += ranks)
      DemoFile(names[i], static_cast<std::int64_t>(i), grid, options, progress ? &*progress : nullptr).write();
  });
  return names;
}

}  // namespace xylem
