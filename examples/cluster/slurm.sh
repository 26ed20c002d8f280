#!/bin/sh
# A suite on four machines of a Slurm cluster: sbatch slurm.sh /path/to/stress [arguments of the suite]
#
# The program has to be on a disk that all of them see. SLURM_PROCID numbers the nodes, SLURM_JOB_ID names the run.
# `scancel --signal=TERM JOB` stops it with a whole report; without `--signal` the broker ends too, and what the other nodes
# had not told by then is missing.
#SBATCH --job-name=stress
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=01:00:00
set -eu

program=$1
shift

# The broker is on the first machine, beside node 0.
nats-server --addr 0.0.0.0 --port 4222 &
broker=$!
trap 'kill "$broker"' EXIT

PROOFLOAD_CLUSTER="nats://$(hostname):4222" \
PROOFLOAD_NODES="$SLURM_NTASKS" \
    srun --kill-on-bad-exit=0 "$program" --report-dir "$SLURM_SUBMIT_DIR/stress-reports" "$@"
