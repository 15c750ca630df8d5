#!/bin/bash
# put-back.sh: removes the control groups of a second engine that has ended, and takes controllers back that it borrowed.
# Ends with another code than 0 where something is not back yet.
set -u
here=$(dirname -- "$(readlink -f -- "$0")")
"$here/forget-groups.sh"
"$here/move-groups.sh" give && exit 0
echo 'put-back.sh: control groups that a second engine borrowed are not back yet: see mount points below /sys/fs/cgroup' >&2
exit 1
