try:
    import simplejson
except ImportError, error:
    print "none"
import yaml
