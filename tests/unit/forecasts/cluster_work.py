"""What tests have workers do; light to import, for workers that die do so again and again."""

import os
import time
from pathlib import Path


def fit(task):
    """Fit a profile; return its numbers to the last bit."""
    from forecasts.profiles.aggregates import fit_profile

    profile = fit_profile(task)
    return profile.failure, repr(profile.coefficients), profile.trend.hex()


def fit_and_sign(folder_and_task):
    """Leave one's process number, give the test time to kill it, and fit."""
    folder, task = folder_and_task
    with (Path(folder) / "pids").open("a") as signed:
        signed.write(f"{os.getpid()}\n")
    time.sleep(0.2)
    return fit(task)


def double_in_place(array):
    array *= 2
    return array


def die_on_three(number):
    """Kill the worker that is given a three."""
    if number == 3:
        os._exit(9)
    return number * number


def hang_on_three(number):
    while number == 3:
        time.sleep(0.01)
    return number * number


def fail_on_three(number):
    if number == 3:
        raise ZeroDivisionError("three")
    return number


def sleep_or_fail(seconds):
    time.sleep(min(seconds, 0.5) if seconds == 3 else seconds)
    return fail_on_three(seconds)


def tell_and_sleep(marker):
    """Leave a mark that the work has begun, and take long over it."""
    Path(marker).touch()
    time.sleep(30.0)
