import importlib.util
import os
import runpy
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

HERE = os.path.dirname(__file__)
spec = importlib.util.spec_from_file_location("plugin", os.path.join(HERE, "files", "plugin.py"))
loaded = SourceFileLoader("loaded", "files/loaded.py").load_module()
exec(Path("files/settings.py").read_text())
runpy.run_module("tool")
subprocess.run([sys.executable, "files/worker.py", "--fast"])
subprocess.check_call([sys.executable, "-m", "other"])
subprocess.check_call([sys.executable, "-m", "pip", "install", "nothing"])
