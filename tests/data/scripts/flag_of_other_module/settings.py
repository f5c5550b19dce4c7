from importlib.util import find_spec

TORCH = find_spec('torch') is not None


def can_plot():
    try:
        import seaborn
    except ImportError:
        return False
    return True
