import r1
