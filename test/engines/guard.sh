#!/bin/bash
# guard.sh PID: when that process has ended, however it did, what its second engine left or borrowed is put back. Tries
# for five minutes, as a process that hangs in the kernel keeps its control group.
set -u
tail --pid="$1" -f /dev/null
for _ in {1..30}; do
  "$(dirname -- "$(readlink -f -- "$0")")/put-back.sh" && exit 0
  sleep 5
done
