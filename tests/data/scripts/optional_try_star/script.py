try:
    import a
except* ImportError:
    pass
