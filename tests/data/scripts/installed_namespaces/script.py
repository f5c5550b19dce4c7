from google.cloud import storage
import google.auth.transport
import zope.interface
