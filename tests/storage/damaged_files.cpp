// damaged_files SEED COUNT [KEEP]: flips bytes of small HDF5 files and reads what is left of them, each time in a process of its
// own. A damaged file may be an error, but never hang, grow without bound, or bring xylem down. Nor may it read as something else
// where the file has what it takes to tell: one of the two has a checksum over every byte of metadata and elements. In the other,
// of the oldest format, nothing tells a moved chunk or another shape from what was meant. KEEP: a folder for the files that
// failed.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "xylem/plan/scan_plan.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "files.hpp"

using namespace xylem;

namespace {

constexpr std::int64_t memory_limit = std::int64_t{32} << 20;
constexpr rlim_t address_space = rlim_t{2} << 30;
constexpr unsigned seconds = 10;
constexpr int an_error = 10, out_of_memory = 11, unexpected = 12, other_values = 13;  // exit codes; a sanitizer has its own
constexpr std::int64_t max_blocks = 1000;  // of a dataset that has grown by the damage; reading is linear in them

// A small dataset in its object's header.
void create_compact(hid_t where, const char* name) {
  const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_layout(properties.get(), H5D_COMPACT);
  const hsize_t shape[] = {5};
  const h5::Dataspace space(H5Screate_simple(1, shape, nullptr));
  const h5::Dataset dataset(H5Dcreate2(where, name, H5T_STD_I32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
  const std::int32_t values[] = {3, 1, 4, 1, 5};
  H5Dwrite(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

void fill_file(hid_t file, bool checksums) {
  const auto group = test::create_group(file, "group");
  checksums ? create_compact(group.get(), "small") : static_cast<void>(test::create_dataset(group.get(), "small", {6, 7}));
  const hsize_t shape[] = {30, 20}, max_shape[] = {H5S_UNLIMITED, 40}, chunk[] = {8, 8};
  const h5::Dataspace space(H5Screate_simple(2, shape, max_shape));
  std::vector<std::int32_t> values(600);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * i);
  for (const bool filtered : {false, true}) {
    const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(properties.get(), 2, chunk);
    if (checksums) H5Pset_fletcher32(properties.get());
    if (filtered) {
      H5Pset_shuffle(properties.get());
      H5Pset_deflate(properties.get(), 6);
    }
    const h5::Dataset dataset(
        H5Dcreate2(file, filtered ? "deflate" : "plain", H5T_STD_I32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    H5Dwrite(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    const h5::Datatype text(H5Tcopy(H5T_C_S1));
    H5Tset_size(text.get(), 6);
    const h5::Dataspace scalar(H5Screate(H5S_SCALAR));
    const h5::Attribute units(H5Acreate2(dataset.get(), "units", text.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT));
    H5Awrite(units.get(), text.get(), "kelvin");
    const h5::Attribute fill(H5Acreate2(dataset.get(), "_FillValue", H5T_STD_I32LE, scalar.get(), H5P_DEFAULT, H5P_DEFAULT));
    H5Awrite(fill.get(), H5T_NATIVE_INT32, values.data());
  }
  H5Lcreate_soft("/group/small", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
}

// A file in the oldest format, which has no checksums, so that damage gets far, or in the newest, which has them everywhere. HDF5
// 1.10.8 itself crashes on damage to links kept in an unchecked group's header (H5G__link_release_table), as external links make
// them, and to the heap of variable-length strings (H5HG_read): both are left out.
std::string example(const std::string& path, bool checksums) {
  {
    const h5::PropertyList creation(H5Pcreate(H5P_FILE_CREATE)), access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_obj_track_times(creation.get(), false);  // the same bytes every time
    if (checksums) H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const h5::File file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
    fill_file(file.get(), checksums);
  }
  return test::read_bytes(path);
}

using Values = std::map<std::string, std::vector<std::byte>>;  // by dataset

// What `xylem stats` reads of a file, on one rank.
Values read_all(const std::string& path) {
  const FileMetadata metadata = scan_file(path);
  FilePool files;
  Values values;
  for (const ObjectInfo& object : metadata.objects) {
    if (!object.dataset || !object.dataset->dtype.is_numeric() || object.dataset->null) continue;
    DatasetReader reader(files, object.dataset);
    const ScanPlan plan({object.dataset}, {reader.summarize()}, Topology{1}, memory_limit);
    const DatasetScan& scan = plan.datasets()[0];
    std::vector<std::byte> buffer(static_cast<std::size_t>(scan.block_bytes()));
    for (std::int64_t i = 0; i < std::min(scan.num_blocks, max_blocks); ++i) {
      const Box box = scan.box(i);
      const auto block = std::span(buffer).first(static_cast<std::size_t>(box.size() * object.dataset->dtype.size));
      reader.read(box, block);
      values[object.dataset->ref.path].insert(values[object.dataset->ref.path].end(), block.begin(), block.end());
    }
  }
  return values;
}

// How a process ended that read the file: "fine", "an error", "other values", or what must not be.
std::string outcome(const std::string& path, const Values& expected) {
  std::fflush(stdout);  // or the child would print it again
  const pid_t child = fork();
  if (child == 0) {
    [[maybe_unused]] const rlimit memory{address_space, address_space};
    const rlimit no_core{0, 0};
#ifndef __SANITIZE_ADDRESS__  // which reserves more
    setrlimit(RLIMIT_AS, &memory);
#endif
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(seconds);
    int code = 0;
    try {
      if (read_all(path) != expected) code = other_values;
    } catch (const Error& error) {
      code = error.kind() == ErrorKind::internal ? unexpected : an_error;
      if (code == unexpected) fmt::print("{}\n", error.what());
    } catch (const std::bad_alloc&) {
      code = out_of_memory;
    } catch (const std::exception& error) {
      fmt::print("{}\n", error.what());
      code = unexpected;
    }
    std::fflush(stdout);
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? "a hang" : fmt::format("signal {}", WTERMSIG(status));
  switch (WEXITSTATUS(status)) {
    case 0: return "fine";
    case an_error: return "an error";
    case out_of_memory: return "out of memory";
    case other_values: return "other values";
    default: return "an unexpected exception";
  }
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long seed = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  const int count = argc > 2 ? std::atoi(argv[2]) : 300;
  const test::TemporaryFolder folder;
  const std::string path = folder.file("damaged.h5");
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  std::map<std::string, int> outcomes;
  int bad = 0;
  for (const bool checksums : {false, true}) {
    const std::string original = example(path, checksums);
    const Values expected = read_all(path);
    for (int i = 0; i < count; ++i) {
      std::string bytes = original;
      std::string changes;
      for (std::size_t flips = 1 + below(3); flips > 0; --flips) {
        const std::size_t at = below(bytes.size());
        const int value =
            static_cast<int>(below(4) == 0 ? below(2) * 255 : static_cast<unsigned char>(bytes[at]) ^ (1U << below(8)));
        bytes[at] = static_cast<char>(value);
        changes += fmt::format(" [{}]={}", at, value);
      }
      test::write_bytes(path, bytes);
      const std::string how = outcome(path, expected);
      ++outcomes[(checksums ? "with checksums, " : "without, ") + how];
      if (how == "fine" || how == "an error" || (how == "other values" && !checksums)) continue;
      ++bad;
      fmt::print("{}: mutation {} of seed {}{}:{}\n", how, i, seed, checksums ? " with checksums" : "", changes);
      if (argc > 3) test::write_bytes(fmt::format("{}/{}_{}_{}.h5", argv[3], checksums, seed, i), bytes);
    }
  }
  for (const auto& [how, number] : outcomes) fmt::print("{}: {}\n", how, number);
  return bad == 0 ? 0 : 1;
}
