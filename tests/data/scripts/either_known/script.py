try:
    import unheard_of as json
except ImportError:
    try:
        import orjson as json
    except ImportError:
        import simplejson as json
try:
    from PyQt6 import QtCore
except ImportError:
    try:
        from PySide6 import QtCore
    except ImportError:
        from PyQt5 import QtCore
