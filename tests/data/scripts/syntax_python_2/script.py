import a
import urllib2, ConfigParser
from b import c

print "import not_this"
print >>a, "x", `c`
exec "x = 1" in {}
if a <> 1:
    x = 0777 + 10L + ur"x"
try:
    import d
except ImportError, error:
    raise ValueError, "import nor_this"


def f((p, q)):
    import e
    print p
