from __future__ import annotations
import os.path, xml.etree.ElementTree as ET, concurrent.futures
from email.mime.text import MIMEText
import scipy.sparse.linalg
from matplotlib import pyplot as plt
import _thread
