import r2
