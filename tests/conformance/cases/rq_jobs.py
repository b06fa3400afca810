"""What the jobs of rq_basic.py do."""


def add(a, b):
    return a + b


def fail():
    raise ValueError("no")
