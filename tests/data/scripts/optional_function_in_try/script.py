try:

    def later():
        import at_call

    import at_once
except ImportError:
    later = None
