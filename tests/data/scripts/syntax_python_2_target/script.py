import a, urllib2
print 'x'
from b import c
