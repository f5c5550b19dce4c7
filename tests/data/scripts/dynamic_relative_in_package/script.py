import package
