#!/bin/bash
# hold.sh ROOT WORK: an engine of that root, until stdin ends or this process does, however it does.
#
# Everything of it is in namespaces of its own, so that the machine's engine goes on beside it, and nothing has to be put
# back: bridges, rules of the packet filter, mounts and processes go with the first process in them. What is outside is
# WORK, with the engine's socket and data, and a control group, `/zonestorm-second`, which goes at the end, or at the next start.
set -euo pipefail
root=$1 work=$2
group=zonestorm-second

# Of a test that was killed: its processes are gone, as this file says.
"$(dirname -- "$(readlink -f -- "$0")")/forget-groups.sh"
rm -rf "$work"
mkdir -p "$work/socket" "$work/data" "$work/cgroup" "$root$work/socket" "$root/var/lib/docker"

# The kernel kills the first process when this one's parent dies, and with it all that are in its namespace.
exec unshare --net --mount --propagation private --pid --fork --kill-child=SIGKILL --mount-proc bash -euc '
root=$0 work=$1 group=$2
ip link set lo up
mount --rbind /sys/fs/cgroup "$work/cgroup"
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
' "$root" "$work" "$group"
