try:
    import helper
except ImportError:
    helper = None
import both
