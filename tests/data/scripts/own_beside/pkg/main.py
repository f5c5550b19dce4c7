try:
    from .helper import f
except ImportError:
    from helper import f
import sibling
import requests
