from pkg.util import x
import c
