#!/bin/sh
# One job: sbatch job.sh, in a folder that the nodes share, with python_package_run, pi.tar.gz
# and pi.py.
#SBATCH --job-name=pi
#SBATCH --ntasks=1
#SBATCH --output=pi.%j.out

exec ./python_package_run -e pi.tar.gz -- python3 pi.py 7
