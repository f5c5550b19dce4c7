import n3
