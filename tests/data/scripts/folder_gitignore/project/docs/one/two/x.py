import n7
