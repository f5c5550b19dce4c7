try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader
try:
    from unheard_of.fast import run
except ImportError:
    from unheard_of.slow import run


def parser():
    try:
        from lxml import etree
    except ImportError:
        import lxml.objectify as etree
    return etree
