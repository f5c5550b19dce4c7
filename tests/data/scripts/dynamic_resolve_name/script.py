import pkgutil
from pkgutil import resolve_name as r

pkgutil.resolve_name("a1.sub:thing.attribute")
r("a2.sub.thing")
