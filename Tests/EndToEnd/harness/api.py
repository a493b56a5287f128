"""Calls of the ops API, and the tokens of tests for it."""

import json
import urllib.error
import urllib.request

from .waiting import PATIENCE

VIEWER = "viewer-viewer-viewer-0001"
ALICE = "alice-alice-alice-alice-1"       # an operator


def call(bridge, path, token=None, body=None, method=None):
    """Status, what it says (None where that is nothing), headers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(bridge.ops + path, body if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30 * PATIENCE) as answer:
            return answer.status, _said(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, _said(error), error.headers


def _said(answer):
    text = answer.read()
    return json.loads(text) if text else None
