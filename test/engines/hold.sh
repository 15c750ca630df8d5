#!/bin/bash
# hold.sh ROOT WORK: an engine of that root, until stdin ends or this process does, however it does.
#
# Everything of it is in namespaces of its own, so that the machine's engine goes on beside it: bridges, rules of the packet
# filter, mounts and processes go with the first process in them. What is outside is WORK, with the engine's socket and
# data, and a control group, `/zonestorm-second`. It is on control groups version 2 where the machine has it, or lends it
# (`move-groups.sh`). Both are put back by a guard that outlives this process, and at the next start.
set -euo pipefail
root=$1 work=$2
group=zonestorm-second

here=$(dirname -- "$(readlink -f -- "$0")")
# Another one of this folder would lose its data.
exec 8> "$work.lock"
flock -n 8 || { echo "another second engine runs in $work" >&2; exit 3; }
# Of a test that was killed: its processes are gone, as this file says.
"$here/put-back.sh" || exit 3
rm -rf "$work"
mkdir -p "$work/socket" "$work/data" "$work/cgroup" "$root$work/socket" "$root/var/lib/docker"

# Before anything is borrowed. Neither a child nor in the group of this process, nor of its stdin, which is what ends it.
(setsid "$here/guard.sh" $$ < /dev/null > /dev/null 2>&1 8>&- &)
lent=$("$here/move-groups.sh" take $$)

# The kernel kills the first process when this one's parent dies, and with it all that are in its namespace.
exec unshare --net --mount --propagation private --pid --fork --kill-child=SIGKILL --mount-proc bash -euc '
root=$0 work=$1 group=$2 lent=$3
ip link set lo up
if [ -n "$lent" ]; then mount --bind /sys/fs/cgroup/unified "$work/cgroup"; else mount --rbind /sys/fs/cgroup "$work/cgroup"; fi
mount -t sysfs sysfs /sys
mount --rbind "$work/cgroup" /sys/fs/cgroup
unshare --mount --propagation private bash -euc "
  mount --bind \$0 \$0
  mount -t proc proc \$0/proc
  mount --rbind /sys \$0/sys
  mount --rbind /dev \$0/dev
  mount -t tmpfs -o mode=755 tmpfs \$0/run
  mount --bind \$1/socket \$0\$1/socket
  mount --bind \$1/data \$0/var/lib/docker
  cd \$0
  mkdir -p .old
  pivot_root . .old
  umount -l /.old
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin
  exec dockerd --host unix://\$1/socket/docker.sock --pidfile \$1/socket/docker.pid --cgroup-parent /\$2
" "$root" "$work" "$group" < /dev/null > "$work/log" 2>&1 &
engine=$!
# Told or not: when stdin ends, so does everything.
while read -r _; do :; done
kill "$engine" 2> /dev/null || true
wait "$engine" || true
' "$root" "$work" "$group" "$lent"
