# Shared by demo and test: the repository root as working folder, how many compilers fit, and MPI on any machine.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# A compiler takes up to 2 GiB here.
memory_gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || echo 4)
jobs=$(nproc)
if ((memory_gib / 2 < jobs)); then jobs=$((memory_gib / 2)); fi
if ((jobs < 1)); then jobs=1; fi

if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
# More ranks than cores are fine for small data (OpenMPI 4; 5 and later).
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMP_NUM_THREADS=1 OMP_PROC_BIND=false
