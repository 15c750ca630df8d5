#!/bin/sh
# make-root.sh DIR: the root of Debian sid with its Docker engine, for the tests' second engine. About 20 s of one CPU; at
# the lowest priority, so that it can be made beside tests that measure nothing. A root that is there is left as it is, and
# two that want it at once make it once.
set -eu
dir=$1
if [ "$(id -u)" -ne 0 ]; then
  echo 'a second engine needs root: for its root file system, its namespaces and its control groups' >&2
  exit 3
fi
if ! command -v mmdebstrap > /dev/null; then
  if ! command -v apt-get > /dev/null; then
    echo 'a second engine needs mmdebstrap, which comes from apt-get' >&2
    exit 3
  fi
  lock='-q -o DPkg::Lock::Timeout=300'
  # shellcheck disable=SC2086
  { apt-get $lock update && DEBIAN_FRONTEND=noninteractive apt-get $lock install -y --no-install-recommends mmdebstrap; } >&2
fi
folder=$(dirname -- "$dir")
mkdir -p "$folder"
# Root runs what is in it, and anybody may make a folder in /tmp.
if [ -L "$folder" ] || [ ! -O "$folder" ]; then
  echo "$folder is not root's: remove it, or set TMPDIR" >&2
  exit 3
fi
chmod 700 "$folder"
exec 9> "$dir.lock"
flock 9
[ -e "$dir/.whole" ] && exit 0
rm -rf "$dir"
# `mount` is not in the variant. A snapshot of a mirror may have a Release file that has expired.
nice -n 19 mmdebstrap --quiet --variant=apt \
  --include=docker.io,iptables,nftables,iproute2,ca-certificates,kmod,mount,procps \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  sid "$dir" >&2
touch "$dir/.whole"
