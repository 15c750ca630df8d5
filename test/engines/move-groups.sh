#!/bin/bash
# move-groups.sh take PID | give: lends the kernel's controllers of control groups from version 1 to version 2 for as long
# as that process lives, and takes them back.
#
# A controller belongs to one version at a time. It moves once its version 1 has no group, so nothing may run in one: the
# machine's engine goes on, and can start nothing until its controllers are back. `take` prints what was lent, nothing
# where nothing could be: the machine has version 2 anyway, somebody has groups, or it is not CI's. `give` does nothing
# while the process lives, and ends with 1 where something is not back yet; it can be repeated.
set -u
V1=/sys/fs/cgroup
V2=/sys/fs/cgroup/unified
# Written before anything is moved: PID and when it began, then each controller with the options of its mount.
LENT=/run/zonestorm-lent-groups
CONTROLLERS='cpu cpuset blkio pids'
# Version 2 has other names for some.
declare -A LATER=([cpu]=cpu [cpuset]=cpuset [blkio]=io [pids]=pids)

# One at a time: a test that was killed is tidied up after by its guard and by the next one.
exec 9> "$LENT.lock"
flock -w 60 9 || { echo "move-groups.sh: $LENT.lock is held by another process" >&2; exit 1; }

# Mounted by itself: two that are mounted as one could not be given back as they were.
v1_options() { awk -v at="$V1/$1" -v only="$1" '$2 == at && $3 == "cgroup" && $4 ~ "(^|,)" only "$" { print $4 }' /proc/self/mounts; }
is_v2() { [ "$(stat -fc %T "$V2" 2> /dev/null)" = cgroup2fs ]; }
has_v2() { grep -qw "${LATER[$1]}" "$V2/cgroup.controllers"; }
# The kernel counts a group that was removed until it has let go of it, and keeps the controller as long.
is_empty() { awk -v name="$1" '$1 == name { exit $3 != 1 }' /proc/cgroups; }
groups_of() { find "$V1/$1" -mindepth 1 -type d; }
began() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2> /dev/null; }

take_back() {
  local controller options left=0
  while read -r controller options; do
    mountpoint -q "$V1/$controller" && continue
    echo "-${LATER[$controller]}" > "$V2/cgroup.subtree_control" 2> /dev/null
    # The kernel lets go of a controller a moment after its last group has gone.
    for _ in {1..50}; do
      mount -t cgroup -o "$options" cgroup "$V1/$controller" 2> /dev/null && break
      sleep 0.1
    done
    mountpoint -q "$V1/$controller" || left=1
  done < <(tail -n +2 "$LENT")
  [ "$left" -eq 0 ] && rm "$LENT"
  return "$left"
}

give() {
  local pid since
  [ -f "$LENT" ] || return 0
  read -r pid since < "$LENT"
  [ "$(began "$pid")" = "$since" ] && return 0
  take_back
}

take() {
  [ "${CI:-}" = true ] && is_v2 && [ ! -f "$LENT" ] || return 0
  local controller
  for controller in $CONTROLLERS; do
    [ -n "$(v1_options "$controller")" ] || return 0
    # The engine makes a group for its containers, and keeps it when they are gone.
    groups_of "$controller" | grep -qv "^$V1/$controller/docker\(/\|$\)" && return 0
  done
  for controller in $CONTROLLERS; do
    find "$V1/$controller/docker" -depth -type d -exec rmdir {} + 2> /dev/null
    for _ in {1..50}; do is_empty "$controller" && break; sleep 0.1; done
    is_empty "$controller" || return 0
  done
  {
    echo "$1 $(began "$1")"
    for controller in $CONTROLLERS; do echo "$controller $(v1_options "$controller")"; done
  } > "$LENT"
  for controller in $CONTROLLERS; do umount "$V1/$controller" || { take_back; return 0; }; done
  for controller in $CONTROLLERS; do
    for _ in {1..50}; do has_v2 "$controller" && break; sleep 0.1; done
    echo "+${LATER[$controller]}" > "$V2/cgroup.subtree_control" || { take_back; return 0; }
  done
  echo "$CONTROLLERS"
}

case "${1:-}" in
  take) take "$2" ;;
  give) give ;;
  *) echo "move-groups.sh: expected take PID or give" >&2; exit 64 ;;
esac
