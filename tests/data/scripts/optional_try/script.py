try:
    import ujson as json
except ImportError:
    import json
try:
    import first
except (AttributeError, ModuleNotFoundError):
    import second
try:
    import third
except Exception:
    third = None
try:
    import fourth
except:
    fourth = None
try:
    import numpy
except ValueError:
    import in_handler
