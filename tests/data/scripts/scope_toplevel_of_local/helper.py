import a


def f():
    import b
