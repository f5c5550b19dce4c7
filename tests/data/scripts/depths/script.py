import a1.deep, a2 as two
from b1.deep import x as y, z

if y:
    import c1
elif z:
    import c2
else:
    import c3

for _ in ():
    import d1
while z():
    import d2
with open("x") as f:
    import d3


class K:
    import e1

    @decorated(lambda: __import__("e2"))
    async def m(self, x=__import__("e3")):
        def inner():
            import e4

        async with x:
            import e5
        async for _ in x:
            import e6


match z:
    case 1:
        import g1
    case _:
        import g2

try:
    pass
except ValueError:
    import h1
else:
    import h2
finally:
    import h3

text = """
import not_this
"""
# import nor_this
