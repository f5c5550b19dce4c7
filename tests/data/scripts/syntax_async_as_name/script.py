import a
from pika import adapters
async = 1
a.run(async=True)
import b
