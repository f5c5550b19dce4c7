import a
from b import c
text = """
import not_this
