FLAGS = {"always": True}


class Features:
    try:
        import cupy

        gpu = True
    except ImportError:
        gpu = False


try:
    import torch

    FLAGS["torch"] = True
except ImportError:
    FLAGS["torch"] = False
