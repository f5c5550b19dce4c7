import a
import unused_perhaps


def other():
    import b


def task():
    print 'x'
    import c
    return a.x
