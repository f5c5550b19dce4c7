import a
# coding: latin-1
import größe
