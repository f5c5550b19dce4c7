import compression.zstd, annotationlib, concurrent.interpreters, string.templatelib, numpy
