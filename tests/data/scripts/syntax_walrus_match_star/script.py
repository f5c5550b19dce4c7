if (n := len("x")) > 0:
    import a
match n:
    case {"k": [1, *rest], **others} if rest:
        import b
    case str() | None:
        import c
try:
    import d
except* ValueError:
    import e
with (open("x") as x, open("y") as y):
    import f
def g(p, /, q, *, r): import h
print(x[*y])
