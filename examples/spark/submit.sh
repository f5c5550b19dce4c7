#!/bin/sh
# Submit a PySpark program to YARN with a packed environment: submit.sh PROGRAM [ARGUMENT]...
# YARN unpacks the archive once per node and job, into a folder that each container sees as
# ./environment. bin/python3 finds its modules wherever that folder is.
set -eu

exec spark-submit \
    --master yarn \
    --deploy-mode cluster \
    --archives pi.tar.gz#environment \
    --conf spark.pyspark.python=./environment/bin/python3 \
    --conf spark.yarn.appMasterEnv.PYSPARK_PYTHON=./environment/bin/python3 \
    "$@"
