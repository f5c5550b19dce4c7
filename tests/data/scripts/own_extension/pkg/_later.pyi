from scipy.sparse import spmatrix
