import cgi, crypt, telnetlib, imghdr, lib2to3, nntplib, pipes, json
