def f():
    import script
    import a, three
