import sys

if sys.version_info >= (3,):

    def task():
        import a
else:

    def task():
        import b
