#!/bin/sh
# A suite on several hosts by ssh: ./hosts.sh nats://10.0.0.5:4222 path/to/stress "host-a host-b host-c" [arguments]
#
# The program is copied to each host. The first host is node 0: its reports are copied back into ./stress-reports. Ctrl-C
# stops all of them, since each ssh has a terminal of its own that is closed then.
set -eu

broker=$1
program=$2
hosts=$3
shift 3

place=$(mktemp -u /tmp/stress-XXXXXX)
count=$(echo "$hosts" | wc -w)
first=$(echo "$hosts" | cut -d ' ' -f 1)

for host in $hosts; do
    ssh "$host" mkdir "$place"
    scp -q "$program" "$host:$place/stress"
done

number=0
running=
for host in $hosts; do
    ssh -tt "$host" "cd $place && exec ./stress --report-dir $place/reports --cluster $broker --nodes $count \
        --node $number --cluster-run $(basename "$place") $*" </dev/null &
    running="$running $!"
    number=$((number + 1))
done

# The first of them has the verdict; it is the same on all.
status=0
trap 'kill $running' INT TERM
for node in $running; do
    wait "$node" || status=$?
done

mkdir -p stress-reports
scp -qr "$first:$place/reports/." stress-reports/
for host in $hosts; do
    ssh "$host" rm -r "$place"
done
exit "$status"
