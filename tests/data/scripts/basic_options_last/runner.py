import parsl_like
