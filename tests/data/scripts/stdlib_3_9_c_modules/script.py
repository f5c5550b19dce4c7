import pyexpat, _json, _pickle, _ssl, _sqlite3, _struct, unicodedata, _elementtree, _zoneinfo
