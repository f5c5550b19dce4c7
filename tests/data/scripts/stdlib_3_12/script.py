import distutils, asyncore, imp, tomllib, zoneinfo
