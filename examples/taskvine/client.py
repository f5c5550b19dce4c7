"""The task of pi.py as TaskVine's tasks in a packed environment.

Usage: client.py TASKS, in a folder with pi.py and its archive pi.tar.gz. The archive is
unpacked once a worker by TaskVine itself (`declare_poncho`); each task starts with the
environment's own bin/run_in_env.
"""

import sys

import ndcctools.taskvine as vine


def main() -> None:
    manager = vine.Manager(9123)
    environment = manager.declare_poncho("pi.tar.gz", cache=True)
    script = manager.declare_file("pi.py", cache=True)
    for seed in range(int(sys.argv[1])):
        task = vine.Task(f"python3 pi.py {seed}")
        task.add_input(script, "pi.py")
        task.add_environment(environment)
        manager.submit(task)
    while not manager.empty():
        done = manager.wait(5)
        if done:
            print(done.output, end="")


if __name__ == "__main__":
    main()
