#!/bin/bash
# exit_codes.sh PROGRAM MPIEXEC: one rank's failure ends the whole job, with its code and its message, and nothing hangs.
set -u
program=$1 mpiexec=$2 failures=0
version=$("$program" version 0)  # of the MPI library; what mpiexec says of itself differs between its names
[[ $version == *MPI* ]] || { echo "FAIL: '$version' is no version of MPI"; exit 1; }

expect() {  # expect RANKS CODE MESSAGE COUNT ARGS...
  local ranks=$1 code=$2 message=$3 count=$4 output status
  shift 4
  output=$(timeout 20 "$mpiexec" -n "$ranks" "$program" "$@" 2>&1)
  status=$?
  if [ "$status" -ne "$code" ]; then
    echo "FAIL: $ranks ranks, $*: exit code $status, not $code"; echo "$output"; failures=$((failures + 1))
  fi
  if [ "$(grep -cF -- "$message" <<<"$output")" -ne "$count" ]; then
    echo "FAIL: $ranks ranks, $*: '$message' is not there $count time(s)"; echo "$output"; failures=$((failures + 1))
  fi
}

for ranks in 1 3; do
  last=$((ranks - 1))
  expect "$ranks" 0 "xylem: error" 0 none 0
  expect "$ranks" 3 "xylem: error: this rank met a damaged chunk" 1 agreed "$last"
  expect "$ranks" 3 "this rank met a damaged chunk" 1 escaped "$last"
  expect "$ranks" 1 "unexpected error: nobody expected this" 1 foreign "$last"
  expect "$ranks" 1 "xylem: error on rank $last: the program crashed" 1 crashed "$last"
done
expect 3 3 "xylem: error on rank 1: this rank met a damaged chunk" 1 escaped 1

# On one node the layer is named to Open MPI before it starts, unless the user has named one, and the environment stays as it was.
if [[ $version == *"Open MPI"* ]]; then
  for ranks in 1 3; do
    expect "$ranks" 0 "pml 'ob1', environment ''" "$ranks" layer 0
    OMPI_MCA_pml=^cm expect "$ranks" 0 "pml '^cm', environment '^cm'" "$ranks" layer 0
    OMPI_MCA_btl=self,tcp expect "$ranks" 0 "pml 'ob1'" 0 layer 0
    OMPI_MCA_btl=^tcp expect "$ranks" 0 "btl '^tcp', environment '^tcp'" "$ranks" layer 0
  done
  # Settings of the user's own, with and without what is needed; several nodes.
  home=$(mktemp -d)
  mkdir "$home/.openmpi"
  for setting in "btl = self,tcp" "btl=^vader,sm" "pml = ^ob1,cm" "pml = ob1" "btl = ^openib, ofi" "mtl = ofi" "mtl = ^ofi" "-mca pml cm"; do
    echo "# settings"$'\n'"$setting" >"$home/.openmpi/mca-params.conf"
    output=$(HOME=$home PMI_RANK=0 SLURM_STEP_NUM_NODES=1 "$program" layer 0 2>&1)
    case $setting in
      "pml = ob1" | "mtl = ^ofi") [[ $output == *"pml 'ob1'"* ]] ;;
      "btl = ^openib, ofi") [[ $output == *"pml 'ob1'"* && $output == *"btl '^openib, ofi'"* ]] ;;
      *) [[ $output != *"pml 'ob1'"* ]] ;;
    esac || { echo "FAIL: with '$setting': $output"; failures=$((failures + 1)); }
  done
  # Files of settings that are told of in other ways.
  rm "$home/.openmpi/mca-params.conf"
  mkdir "$home/etc"
  echo "pml = ^ob1" >"$home/etc/openmpi-mca-params.conf"
  echo "pml = ob1" >"$home/tuned.conf"
  for variable in OPAL_SYSCONFDIR="$home/etc" OMPI_MCA_mtl=^ofi OMPI_MCA_mca_base_param_file_prefix="$home/tuned.conf"; do
    output=$(env "$variable" PMI_RANK=0 SLURM_STEP_NUM_NODES=1 "$program" layer 0 2>&1)
    [[ $output != *"pml 'ob1', environment ''"* ]] || { echo "FAIL: with $variable: $output"; failures=$((failures + 1)); }
  done
  rm -rf "$home"
  output=$(PMI_RANK=0 SLURM_STEP_NUM_NODES=2 "$program" layer 0)
  [[ $output != *"pml 'ob1'"* ]] || { echo "FAIL: on two nodes: $output"; failures=$((failures + 1)); }
  output=$("$program" layer 0)
  [[ $output == *"pml 'ob1', environment ''"*"btl '"*"', environment ''" ]] ||
    { echo "FAIL: one process without a launcher: $output"; failures=$((failures + 1)); }
  # Debian 12's own settings leave transfers out already, those of others none.
  if ! grep -qs '^[[:space:]]*btl[[:space:]]*=' /etc/openmpi/openmpi-mca-params.conf ~/.openmpi/mca-params.conf; then
    [[ $output == *"btl '^ofi'"* ]] || { echo "FAIL: transfers over libfabric are not left out: $output"; failures=$((failures + 1)); }
  fi
fi

# A launcher whose ranks do not see each other: copies of one rank.
alone() {  # alone CODE COUNT VARIABLE=VALUE...
  local code=$1 count=$2 output status
  shift 2
  output=$(env "$@" timeout 20 "$program" none 0 2>&1)
  status=$?
  if [ "$status" -ne "$code" ] || [ "$(grep -c "xylem: error: 3 ranks were started" <<<"$output")" -ne "$count" ]; then
    echo "FAIL: $*: exit code $status, not $code, or not $count message(s)"; echo "$output"; failures=$((failures + 1))
  fi
}
alone 2 1 OMPI_COMM_WORLD_SIZE=3 OMPI_COMM_WORLD_RANK=0
alone 2 0 OMPI_COMM_WORLD_SIZE=3 OMPI_COMM_WORLD_RANK=2
alone 2 1 PMI_SIZE=3 PMI_RANK=0
alone 2 1 SLURM_STEP_NUM_TASKS=3 SLURM_PROCID=0
alone 0 0 SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0 SLURM_NTASKS=3
alone 0 0 OMPI_COMM_WORLD_SIZE=1 SLURM_STEP_NUM_TASKS=3  # mpirun -n 1 inside a step of srun
alone 0 0 PMI_SIZE=many

# Open MPI 4 under srun without pmix. Later releases start as copies of one rank.
if [[ $version == *"Open MPI v4"* ]]; then
  without_pmix="SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=3"
  output=$(env $without_pmix SLURM_PROCID=0 timeout 20 "$program" none 0 2>&1)
  status=$?
  if [ "$status" -ne 2 ] || [ "$(grep -c . <<<"$output")" -ne 1 ] || ! grep -q "^xylem: error: .*srun --mpi=pmix" <<<"$output"; then
    echo "FAIL: srun without pmix: exit code $status, not 2, or not one line"; echo "$output"; failures=$((failures + 1))
  fi
  alone 2 0 $without_pmix SLURM_PROCID=1
  alone 0 0 $without_pmix SLURM_PROCID=0 OMPI_COMM_WORLD_SIZE=1
fi
exit $((failures > 0))
