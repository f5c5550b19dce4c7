try:
    import cPickle as pickle
except ImportError:
    import pickle
try:
    import urllib2
except ImportError:
    import requests as urllib2
try:
    import httpx
except ImportError:
    import httplib as httpx
try:
    import smtpd
except ImportError:
    import unheard_of as smtpd
