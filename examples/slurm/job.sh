#!/bin/sh
# One job: sbatch job.sh, in a folder with python_package_run, pi.tar.gz and pi.py that the
# nodes see too.
#SBATCH --job-name=pi
#SBATCH --ntasks=1
#SBATCH --output=pi.%j.out

exec ./python_package_run -e pi.tar.gz -- python3 pi.py 7
