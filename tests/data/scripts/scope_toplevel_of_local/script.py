import helper


def f():
    import other
