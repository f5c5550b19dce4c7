raise SystemExit('was imported')
