import a
<<<<<<< HEAD
import b
=======
import c
>>>>>>> topic
import d
