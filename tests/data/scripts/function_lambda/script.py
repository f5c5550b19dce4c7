import a
import b
import unused

task = lambda x: a.f(x)
named: object = lambda: b.x
other = a.thing()
