#!/bin/bash
# exit_codes.sh PROGRAM MPIEXEC: one rank's failure ends the whole job, with its code and its message, and nothing hangs.
set -u
program=$1 mpiexec=$2 failures=0

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
exit $((failures > 0))
