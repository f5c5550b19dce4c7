exec("import a1")
exec("""
def f():
    from a2 import x
""")
eval("__import__('a3').x")
exec(compile("import a4", "<x>", "exec"))
exec("this is not python")
exec(open("x").read())
try:
    exec("import a5")
except ImportError:
    pass
