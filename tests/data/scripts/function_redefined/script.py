def task():
    import first


def task():
    import last
