#!/bin/sh
# An array job: sbatch array.sh, in a folder that the nodes share, with python_package_run,
# pi.tar.gz and pi.py. The first job on a node unpacks the environment, and all others use it.
#SBATCH --job-name=pi
#SBATCH --array=0-99
#SBATCH --ntasks=1
#SBATCH --output=pi.%a.out

exec ./python_package_run -e pi.tar.gz -- python3 pi.py "$SLURM_ARRAY_TASK_ID"
