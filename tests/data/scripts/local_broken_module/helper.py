import a
def f(:
