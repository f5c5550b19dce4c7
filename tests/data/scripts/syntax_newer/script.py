import a

x = t"{a} import not_this"
try:
    import b
except ImportError, ValueError:
    b = None
import c
