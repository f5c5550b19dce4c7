from package.sub.deep import f
