import redis
import a
