open('ran', 'w')
