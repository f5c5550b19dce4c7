import _json, _socket, _ctypes, _winapi, _abc, _collections_abc
import _not_of_python
