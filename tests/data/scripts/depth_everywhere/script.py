if y:
    import c1
elif z:
    import c2
else:
    import c3

for _ in ():
    import d1
else:
    import d2
while z():
    import d3
else:
    import d4
with open("x") as f:
    import d5


class K:
    import e1

    class Inner:
        def m(self):
            import e2

    @decorated(lambda: __import__("e3"))
    async def n(self, x=__import__("e4")):
        def inner():
            import e5

        async with x:
            import e6
        async for _ in x:
            import e7


match z:
    case 1:
        import g1
    case _ if __import__("g2"):
        import g3

try:
    pass
except ValueError:
    import h1
else:
    import h2
finally:
    import h3
values = [__import__("i1") for _ in range(3) if __import__("i2")]
shown = f"{__import__('i3')}"
