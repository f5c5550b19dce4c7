import r3
