import n9
