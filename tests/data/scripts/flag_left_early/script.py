try:
    import torch
except ImportError:
    torch = None


def train():
    if torch is None:
        raise RuntimeError("install torch")
    import torchvision
    return torchvision


def infer():
    if not torch:
        return None
    import onnxruntime
    return onnxruntime


class Model:
    def fit(self):
        if torch is not None:
            import lightning
            return lightning
        import sklearn
        return sklearn
