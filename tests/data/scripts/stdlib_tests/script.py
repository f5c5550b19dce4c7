import test.support, _testcapi, _ctypes_test, xxlimited
