import pkg.api
