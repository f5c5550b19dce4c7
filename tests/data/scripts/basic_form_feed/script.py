import a

    
if a:
    import b
