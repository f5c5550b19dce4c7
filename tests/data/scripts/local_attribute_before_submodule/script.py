from package import name
