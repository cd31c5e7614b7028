#!/usr/bin/env bash
# custom_refused.sh SOURCE COMPILER: functors that cannot be are refused by the compiler, with a reason.
set -uo pipefail
source=$1 compiler=$2
failures=0
compile() { "$compiler" -std=c++20 -fsyntax-only -DREFUSED="$1" -I "$source/include" "$source/tests/kernels/custom_refused.cpp" 2>&1; }
if ! message=$(compile 0); then
  echo "FAIL: what is right is refused: $message"
  failures=1
fi
refused() {
  if message=$(compile "$1"); then
    echo "FAIL: $1 compiles"
    failures=1
  elif [[ $message != *"$2"* ]]; then
    echo "FAIL: $1 is refused without '$2': $message"
    failures=1
  fi
}
refused 1 "a state travels between ranks as its bytes: it is trivially copyable"
refused 2 "the members of a functor that xylem calls are const or static"
refused 3 "inputs are read, not written"
refused 4 "elements are bool, integers, float or double"
refused 5 "a functor with one operator() that is const and no template"
exit $failures
