import r4
