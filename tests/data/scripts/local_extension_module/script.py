import compiled, stable
