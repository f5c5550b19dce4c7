#!/bin/sh
# An array of jobs: qsub array.sh, in a folder with python_package_run, pi.tar.gz and pi.py
# that the nodes see too. The first job of a node unpacks the environment, all others use it.
# (PBS Pro and OpenPBS; in Torque the first two are -t 0-99 and PBS_ARRAYID.)
#PBS -N pi
#PBS -J 0-99
#PBS -l select=1:ncpus=1:mem=1gb
#PBS -j oe

cd "$PBS_O_WORKDIR" || exit
exec ./python_package_run -e pi.tar.gz -- python3 pi.py "$PBS_ARRAY_INDEX" >"pi.$PBS_ARRAY_INDEX"
