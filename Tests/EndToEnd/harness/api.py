"""Calls of the ops API."""

import json
import urllib.error
import urllib.request

from .waiting import PATIENCE


def call(bridge, path, token=None, body=None, method=None):
    """Status, what it says, headers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(bridge.ops + path, body if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30 * PATIENCE) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers
