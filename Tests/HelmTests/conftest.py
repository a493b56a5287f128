import pytest

from chart import Helm


@pytest.fixture(params=["helm3", "helm4"])
def helm(request, tmp_path):
    return Helm(request.param, tmp_path)
