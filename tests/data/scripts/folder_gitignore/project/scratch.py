import n1
