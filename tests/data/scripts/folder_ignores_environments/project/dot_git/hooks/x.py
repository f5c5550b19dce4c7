import n5
