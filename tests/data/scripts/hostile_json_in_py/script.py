<!DOCTYPE html>
<html><body>import nothing</body></html>
