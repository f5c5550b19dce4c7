import n8
