import r6
