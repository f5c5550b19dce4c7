import n4
