import os.path
import scipy.linalg
import google.cloud.storage
import unused


def task(n):
    return even(n - 1) if n else scipy.linalg.inv


def even(n):
    return task(n - 1) if n else google.cloud.storage.Client
