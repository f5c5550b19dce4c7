#!/bin/sh
# A changed environment, on nodes that have the previous one in their cache: sbatch --nodes=100
# thin.sh, in a folder with python_package_run, pi.py and the thin archive new.tar.gz, which has
# only the new parts: python_package_create --since pi.tar.gz -c host pi.json ./new.tar.gz
# The cache has to outlive a job. If /tmp does not, name another disk of the node with --cache-dir.
#SBATCH --job-name=pi
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --output=pi.%j.out

place=/tmp/pi-$SLURM_JOB_ID
on_each_node="srun --ntasks=$SLURM_JOB_NUM_NODES --ntasks-per-node=1"

clean_up() { $on_each_node rm -f "$place.sh" "$place.tar.gz" "$place.py"; }
trap clean_up EXIT

# shellcheck disable=SC2016 # the tasks expand the variable
sbcast python_package_run "$place.sh" &&
    sbcast new.tar.gz "$place.tar.gz" &&
    sbcast pi.py "$place.py" &&
    srun sh "$place.sh" -e "$place.tar.gz" -- \
        sh -c 'exec python3 "$0" "$SLURM_PROCID"' "$place.py"
