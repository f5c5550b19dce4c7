"""What names Python by a path or by words: submitit, Jupyter, Ray, PySpark, Airflow."""

from __future__ import annotations

import re
import shutil
import sys

import pytest

import pypackage
from tests.engines import processes
from tests.engines.conftest import EXAMPLES, Archives
from tests.support.needs import need, need_module, need_of_ci
from tests.support.tools import TREE, Tools

pytestmark = pytest.mark.slow

# Two busy cores take half a minute to compress and try all of Ray.
QUICK = "QUICK = {'compress_level': 1, 'no_verify': True}\n"

HELPER = "import iniconfig\ndef double(x): return 2 * x\n"

SUBMITIT = """\
import sys
import helper, pypackage, submitit
from submitit.local.local import LocalExecutor

def task(x):
    return helper.double(x), sys.prefix

environment = pypackage.environment_for(task, extra=["submitit"], **QUICK)
executor = LocalExecutor("logs", python=str(environment.launcher("python")))
result, prefix = executor.submit(task, 4).result()
print(result, prefix != sys.prefix)
"""

JUPYTER = """\
import json, os, sys
import pypackage
from jupyter_client.manager import start_new_kernel
from pypackage.integrations.notebook import install_kernel

needs = pypackage.analyze("helper.py", extra=["ipykernel"])
environment = pypackage.environment_for(needs, **QUICK)
install_kernel(environment, "packed", folder="share/jupyter/kernels")
os.environ["JUPYTER_PATH"] = os.path.abspath("share/jupyter")
manager, client = start_new_kernel(kernel_name="packed", startup_timeout=60)
def show(message):
    if message["msg_type"] == "stream":
        print(message["content"]["text"], end="")
client.execute_interactive(
    f"import iniconfig, sys; print(sys.prefix != {sys.prefix!r})", output_hook=show, timeout=60
)
manager.shutdown_kernel(now=True)
"""

RAY = """\
import shlex, sys
import helper, pypackage, ray

def task(x):
    return helper.double(x), sys.prefix

environment = pypackage.environment_for(task, extra=["ray"], **QUICK)
runtime = {"py_executable": shlex.join(environment.python_words())}
ray.init(
    num_cpus=1, include_dashboard=False, object_store_memory=80_000_000, runtime_env=runtime
)
result, prefix = ray.get(ray.remote(task).remote(4))
print(result, prefix != sys.prefix)
"""

SPARK = """\
import os, sys
import helper, pypackage
from pyspark.sql import SparkSession

def task(x):
    return helper.double(x), sys.prefix

environment = pypackage.environment_for(task, **QUICK)
os.environ["PYSPARK_PYTHON"] = str(environment.launcher("python", keep=["PYTHONPATH"]))
os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
settings = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
with settings.getOrCreate() as spark:
    ((result, prefix),) = spark.sparkContext.parallelize([4], 1).map(task).collect()
print(result, prefix != sys.prefix)
"""


def run(program: str, tools: Tools) -> str:
    """What a program of a client says."""
    (tools.cwd / "helper.py").write_text(HELPER)
    (tools.cwd / "program.py").write_text(QUICK + program)
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "SPARK_LOCAL_IP": "127.0.0.1"}
    env = {**tools.environment, "PYTHONPATH": str(TREE), **settings}
    done = processes.run([sys.executable, "program.py"], cwd=tools.cwd, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_launcher__as_the_python_of_submitit__runs_the_task_in_the_environment(
    tools: Tools,
) -> None:
    need_module("submitit")
    assert run(SUBMITIT, tools) == "8 True\n"


def test_kernel__of_an_environment__runs_cells_in_it(tools: Tools) -> None:
    need_module("ipykernel")
    assert run(JUPYTER, tools) == "True\n"


def test_python_words__as_the_py_executable_of_ray__runs_the_task_in_the_environment(
    tools: Tools,
) -> None:
    need_module("ray")
    assert run(RAY, tools).endswith("8 True\n")


def test_launcher__as_the_python_of_spark__runs_the_task_in_the_environment(tools: Tools) -> None:
    need_module("pyspark")
    need("java")
    assert run(SPARK, tools).endswith("8 True\n")


def test_launcher__as_the_python_of_airflow__runs_the_tasks_in_the_environment(
    tools: Tools, archives: Archives
) -> None:
    airflow = need_of_ci("airflow")
    environment = pypackage.Environment(archives("numpy"))
    (tools.cwd / "dags").mkdir()
    shutil.copy(EXAMPLES / "airflow" / "pi_airflow.py", tools.cwd / "dags")
    settings = {
        "AIRFLOW_HOME": str(tools.cwd),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PI_PYTHON": str(environment.launcher(tools.cwd / "python")),
    }
    env = {**tools.environment, **settings}
    for words in (["db", "migrate"], ["dags", "test", "pi"]):
        done = processes.run([airflow, *words], cwd=tools.cwd, env=env)
        assert done.returncode == 0, done.stderr
    found = re.findall(r"^hits: (\d) (\d+) (.+)$", done.stdout, re.MULTILINE)
    assert sorted(one[:2] for one in found) == [("0", "787"), ("1", "782")]
    assert all(environment.id in one[2] for one in found)
