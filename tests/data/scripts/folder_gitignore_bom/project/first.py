import n
