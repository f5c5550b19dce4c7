import n2
