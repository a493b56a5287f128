from harness.fixtures import program, pytest_runtest_makereport, world  # noqa: F401
