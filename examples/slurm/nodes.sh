#!/bin/sh
# Many tasks on several nodes: sbatch --nodes=100 nodes.sh, in a folder with
# python_package_run, pi.tar.gz and pi.py. Slurm broadcasts the archive from node to node, so
# it is read from the shared disk only once. It is unpacked once per node, to a local disk.
#SBATCH --job-name=pi
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --output=pi.%j.out

place=/tmp/pi-$SLURM_JOB_ID
on_each_node="srun --ntasks=$SLURM_JOB_NUM_NODES --ntasks-per-node=1"

clean_up() { $on_each_node rm -rf "$place" "$place.sh" "$place.tar.gz" "$place.py"; }
trap clean_up EXIT

# shellcheck disable=SC2016 # the tasks expand the variable
sbcast python_package_run "$place.sh" &&
    sbcast pi.tar.gz "$place.tar.gz" &&
    sbcast pi.py "$place.py" &&
    $on_each_node sh "$place.sh" --cache-dir "$place" -e "$place.tar.gz" &&
    srun sh "$place.sh" --cache-dir "$place" -e "$place.tar.gz" -- \
        sh -c 'exec python3 "$0" "$SLURM_PROCID"' "$place.py"
