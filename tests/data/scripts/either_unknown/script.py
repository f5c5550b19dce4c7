try:
    import unheard_of_a
except ImportError:
    import unheard_of_b
