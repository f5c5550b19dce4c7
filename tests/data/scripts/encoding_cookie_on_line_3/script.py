# one
# two
# coding: latin-1
import größe
