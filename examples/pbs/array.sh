#!/bin/sh
# An array job: qsub array.sh, in a folder that the nodes share, with python_package_run, pi.tar.gz
# and pi.py. The first job on a node unpacks the environment, and all others use it.
# (For PBS Pro and OpenPBS; in Torque, it is -t 0-99 and PBS_ARRAYID.)
#PBS -N pi
#PBS -J 0-99
#PBS -l select=1:ncpus=1:mem=1gb
#PBS -j oe

cd "$PBS_O_WORKDIR" || exit
exec ./python_package_run -e pi.tar.gz -- python3 pi.py "$PBS_ARRAY_INDEX" >"pi.$PBS_ARRAY_INDEX"
