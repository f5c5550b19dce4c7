import helper
import elsewhere


def task():
    return helper.work()
