"""Find what live objects need to run elsewhere: the imports that sending them implies.

An engine sends them as cloudpickle does. What an importable module defines is sent by name, so
the worker has to import that module; what `__main__`, a notebook or `register_pickle_by_value`
defines is sent by value, so its code is analyzed. Neither is called, and nothing is imported;
objects are asked for their state as `pickle` asks them.
"""

from __future__ import annotations

from pypackage.analysis.live_objects.own_modules import beside_packages, roots
from pypackage.analysis.live_objects.pickles import explore_pickle
from pypackage.analysis.live_objects.walker import explore

__all__ = ["beside_packages", "explore", "explore_pickle", "roots"]
