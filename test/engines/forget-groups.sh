#!/bin/bash
# forget-groups.sh: removes the control groups of a second engine that has ended. The kernel keeps empty ones, and lets go
# of one a moment after its last process has gone.
set -u
for _ in {1..50}; do
  left=0
  for group in /sys/fs/cgroup/zonestorm-second /sys/fs/cgroup/*/zonestorm-second; do
    [ -d "$group" ] || continue
    find "$group" -depth -type d -exec rmdir {} + 2> /dev/null
    [ -d "$group" ] && left=1
  done
  [ "$left" -eq 0 ] && exit 0
  sleep 0.1
done
