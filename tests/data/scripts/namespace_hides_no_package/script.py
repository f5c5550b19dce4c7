import docker
from redis import Redis
import kafka.local
import mine
print(docker.from_env())
