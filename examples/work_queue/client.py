"""The tasks of workflow.jx, submitted by Work Queue's Python bindings.

Usage: client.py PORT TASKS, in a folder with pi.py and its archive pi.tar.gz. The file that
runs the tasks on the workers, python_package_run, comes with pypackage.
"""

import sys

import work_queue

from pypackage.integrations.work_queue import wrap


def task(seed: int) -> work_queue.Task:
    """One task, with the files that it needs."""
    wrapped = wrap(["python3", "pi.py", str(seed)], "pi.tar.gz")
    made = work_queue.Task(wrapped.command)
    for file in wrapped.inputs:
        made.specify_input_file(file.local, file.remote, cache=file.cache)
    made.specify_input_file("pi.py", cache=True)
    return made


def main() -> None:
    port, tasks = map(int, sys.argv[1:])
    queue = work_queue.WorkQueue(port)
    for seed in range(tasks):
        queue.submit(task(seed))
    while not queue.empty():
        done = queue.wait(5)
        if done and done.return_status:
            sys.exit(f"task {done.id} failed with status {done.return_status}: {done.output}")
        if done:
            print(done.output, end="", flush=True)


if __name__ == "__main__":
    main()
