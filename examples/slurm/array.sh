#!/bin/sh
# An array of jobs: sbatch array.sh, in a folder with python_package_run, pi.tar.gz and pi.py
# that the nodes see too. The first job of a node unpacks the environment, all others use it.
#SBATCH --job-name=pi
#SBATCH --array=0-99
#SBATCH --ntasks=1
#SBATCH --output=pi.%a.out

exec ./python_package_run -e pi.tar.gz -- python3 pi.py "$SLURM_ARRAY_TASK_ID"
