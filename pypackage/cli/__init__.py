"""The command lines of the executables."""

import _signal  # type: ignore[import-not-found] # what `signal` imports, and quicker
import os
import sys

# In a process that is one of the commands, Ctrl-C ends it at once while modules are imported: there
# is nothing to clean up. `terminal.run` makes it raise an exception again.
if (
    os.path.basename(sys.argv[0]).startswith(("python_package_", "poncho_package_"))
    and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
):
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
