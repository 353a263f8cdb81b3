#!/usr/bin/env bash
# Trains on a slurm cluster, as MMDetection's slurm_train.sh: one process for each GPU.
#
#   [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [SRUN_ARGS="..."] scripts/slurm-train.sh PARTITION JOB CONFIG WORK_DIR [options of detlab train]
#
# GPUS=0: PROCESSES processes (2) on CPUs.
set -euo pipefail

if [ $# -lt 4 ]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
partition=$1 job=$2 config=$3 work_dir=$4
shift 4
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-8}
tasks=$gpus
resources=(--gres="gpu:$per_node")
if [ "$gpus" -eq 0 ]; then
  tasks=${PROCESSES:-2}
  resources=()
elif [ "$gpus" -lt "$per_node" ]; then
  per_node=$gpus
  resources=(--gres="gpu:$gpus")
fi
if [ "$gpus" -ne 0 ]; then resources+=(--ntasks-per-node="$per_node"); fi
cpus=${CPUS_PER_TASK:-5}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$([ "$gpus" -eq 0 ] && echo "$cpus" || echo 1)}
root=$(cd "$(dirname "$0")/.." && pwd)

# shellcheck disable=SC2086
exec srun -p "$partition" --job-name="$job" "${resources[@]}" --ntasks="$tasks" --cpus-per-task="$cpus" \
  --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  "$root/bin/detlab.cjs" train "$config" --work-dir "$work_dir" --launcher slurm "$@"
