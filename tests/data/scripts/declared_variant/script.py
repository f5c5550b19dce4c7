import cupy
import faiss
import tensorflow
