#include "detail/networks.hpp"

#include <dlfcn.h>
#include <mpi.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "detail/launcher.hpp"

namespace xylem::detail {
namespace {

bool is_set(const char* name) { return std::getenv(name) != nullptr; }

bool names(std::string_view list, std::string_view name) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (list.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

// Whether a list of components, or with ^ of those that are left out, leaves what ranks of one node need.
bool leaves_ob1(std::string_view list) {
  return list.empty() || (list.front() == '^' ? !names(list.substr(1), "ob1") : names(list, "ob1"));
}
bool leaves_shared_memory(std::string_view list) {
  if (list.empty()) return true;
  if (list.front() == '^')
    return !names(list.substr(1), "self") && !names(list.substr(1), "vader") && !names(list.substr(1), "sm");
  return names(list, "self") && (names(list, "vader") || names(list, "sm"));
}

// What the user and the site choose of Open MPI's layers, in files: lines `name = value`, and comments. What cannot be read
// chooses nothing; lines of other forms, which Open MPI takes as well, may choose anything.
struct Choices {
  bool leave_what_is_needed = true;
  bool name_btl = false;

  void read(const std::string& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
      if (line.starts_with('-') || (line.starts_with("mtl=") && !line.starts_with("mtl=^"))) leave_what_is_needed = false;
      if (line.starts_with("pml=") && !leaves_ob1(std::string_view(line).substr(4))) leave_what_is_needed = false;
      if (!line.starts_with("btl=")) continue;
      name_btl = true;
      if (!leaves_shared_memory(std::string_view(line).substr(4))) leave_what_is_needed = false;
    }
  }

  // The site's file, and the one over which nobody can set anything.
  void read_site(const std::string& folder) {
    read(folder + "/openmpi-mca-params.conf");
    std::ifstream file(folder + "/openmpi-mca-params-override.conf");
    for (std::string line; std::getline(file, line);) {
      const std::size_t first = line.find_first_not_of(" \t\r");
      if (first != std::string::npos && line[first] != '#') leave_what_is_needed = false;
    }
  }
};

std::string home() {
  if (const char* home = std::getenv("HOME")) return home;
  const passwd* user = getpwuid(getuid());
  return user == nullptr || user->pw_dir == nullptr ? "" : user->pw_dir;
}

// The user's file, and the site's: where the library is, or was told to look, and where Debian has it.
Choices choices() {
  Choices all;
  all.read(home() + "/.openmpi/mca-params.conf");
  if (const char* folder = std::getenv("OPAL_SYSCONFDIR")) all.read_site(folder);
  if (const char* prefix = std::getenv("OPAL_PREFIX")) all.read_site(std::string(prefix) + "/etc");
  Dl_info library{};
  if (const void* init = dlsym(RTLD_DEFAULT, "MPI_Init");
      init != nullptr && dladdr(init, &library) != 0 && library.dli_fname != nullptr) {
    const std::string path = library.dli_fname;
    all.read_site(path.substr(0, path.find_last_of('/') + 1) + "../etc");
  }
  all.read_site("/etc/openmpi");
  return all;
}

bool on_one_node() {
  if (is_set("OMPI_COMM_WORLD_SIZE")) {
    const auto ranks = environment_number("OMPI_COMM_WORLD_SIZE");
    return ranks && ranks == environment_number("OMPI_COMM_WORLD_LOCAL_SIZE");
  }
  if (is_set("PMIX_RANK") || is_set("PMI_RANK")) return environment_number("SLURM_STEP_NUM_NODES") == 1;
  return true;
}

}  // namespace

SharedMemoryOnly::SharedMemoryOnly() {
#if defined(OMPI_MAJOR_VERSION)
  for (const char* name :
       {"OMPI_MCA_pml", "OMPI_MCA_mtl", "OMPI_MCA_mca_base_param_files", "OMPI_MCA_mca_base_override_param_file",
        "OMPI_MCA_mca_base_envar_file_prefix", "OMPI_MCA_mca_base_param_file_prefix"}) {
    if (is_set(name)) return;
  }
  const char* btl = std::getenv("OMPI_MCA_btl");
  if ((btl != nullptr && !leaves_shared_memory(btl)) || !on_one_node()) return;
  const Choices chosen = choices();
  if (!chosen.leave_what_is_needed) return;
  const auto name = [this](const char* variable, const char* value) {
    if (setenv(variable, value, 0) == 0) named_.push_back(variable);
  };
  name("OMPI_MCA_pml", "ob1");
  if (btl == nullptr && !chosen.name_btl) name("OMPI_MCA_btl", "^ofi");
#endif
}

SharedMemoryOnly::~SharedMemoryOnly() {
  for (const char* variable : named_) unsetenv(variable);
}

}  // namespace xylem::detail
