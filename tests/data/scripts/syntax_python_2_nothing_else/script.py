import urllib2, httplib, urlparse, ConfigParser, Queue, StringIO, cStringIO, cPickle
import Tkinter, tkMessageBox, commands, thread, __builtin__, HTMLParser, cookielib
import SocketServer, BaseHTTPServer, SimpleHTTPServer, xmlrpclib, anydbm, copy_reg, sets, md5
from itertools import izip
