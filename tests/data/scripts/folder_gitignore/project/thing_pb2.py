import n6
