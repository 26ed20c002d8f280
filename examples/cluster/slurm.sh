#!/bin/sh
# A suite on four machines of a Slurm cluster: sbatch slurm.sh /path/to/stress [arguments of the suite]
#
# The program has to be on a disk that all of them see. SLURM_PROCID numbers the nodes, SLURM_JOB_ID names the run.
# `touch stress-reports/stop-JOB` stops it with a whole report. `scancel` ends cases and broker at once: the report has what the
# nodes had told by then.
#SBATCH --job-name=stress
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=01:00:00
set -eu

program=$1
shift
reports=$SLURM_SUBMIT_DIR/stress-reports

# The broker is on the first machine, beside node 0.
nats-server --addr 0.0.0.0 --port 4222 &
broker=$!
trap 'kill "$broker"' EXIT

PROOFLOAD_CLUSTER="nats://$(hostname):4222" \
PROOFLOAD_NODES="$SLURM_NTASKS" \
    srun --kill-on-bad-exit=0 "$program" --report-dir "$reports" --set stop_file="$reports/stop-$SLURM_JOB_ID" "$@"
