from faketool import something
