#!/bin/bash
# on_level.sh LEVEL PROGRAM: runs a program made for x86-64-vLEVEL, or skips (77) where the processor, as the loader sees it, lacks it.
if [ "$1" != 1 ] && ! /lib64/ld-linux-x86-64.so.2 --help | grep -q "x86-64-v$1 (supported"; then
  echo "skipped: this processor has no x86-64-v$1"
  exit 77
fi
exec "$2"
