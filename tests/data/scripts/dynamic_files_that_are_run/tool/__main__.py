import r5
