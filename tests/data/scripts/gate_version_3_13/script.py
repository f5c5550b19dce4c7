import sys

if sys.version_info >= (3, 8):
    import importlib.metadata
else:
    import importlib_metadata
if sys.version_info[0] == 2:
    import unicodecsv
elif sys.version_info[:2] < (3, 9):
    import backports_zoneinfo
else:
    import tzdata
if sys.version_info.major >= 3 and sys.version_info.minor < 11:
    import tomli
if (3, 6) <= sys.version_info < (3, 10):
    import typing_extensions
if not sys.version_info > (3,):
    import six
