#!/bin/sh
# A suite on several hosts by ssh: ./hosts.sh nats://10.0.0.5:4222 path/to/stress "host-a host-b host-c" [arguments]
#
# The program is copied to each host, and removed with all else at the end. The first host is node 0: its reports are
# copied back into ./stress-reports. Ctrl-C stops all of them softly, with their reports; again, at once.
set -eu

broker=$1
program=$2
hosts=$3
shift 3

place=$(mktemp -u /tmp/stress-XXXXXX)
count=$(echo "$hosts" | wc -w)
first=$(echo "$hosts" | cut -d ' ' -f 1)

clean() {
    for host in $hosts; do
        ssh "$host" rm -rf "$place" || echo "$place is left on $host" >&2
    done
}
trap clean EXIT

for host in $hosts; do
    ssh "$host" mkdir "$place"
    scp -q "$program" "$host:$place/stress"
done

# Each has a terminal of its own, so that it ends with this script whatever becomes of it.
number=0
running=
for host in $hosts; do
    ssh -tt "$host" "cd $place && exec ./stress --report-dir $place/reports --cluster $broker --nodes $count \
        --node $number --cluster-run $(basename "$place") --set stop_file=$place/stop $*" </dev/null &
    running="$running $!"
    number=$((number + 1))
done

# A stop of one is a stop of all.
stop() {
    trap 'kill $running' INT TERM
    ssh "$first" touch "$place/stop"
}
trap stop INT TERM

# Waits for a process, also when a signal cuts the wait short.
ended() {
    wait "$1" && return
    result=$?
    if kill -0 "$1" 2>/dev/null; then ended "$1"; else return "$result"; fi
}

status=0
for node in $running; do
    ended "$node" || status=$?
done

mkdir -p stress-reports
# Links within the folder stay what they are.
ssh "$first" tar -C "$place/reports" -c . | tar -C stress-reports -x || echo "there are no reports on $first" >&2
exit "$status"
