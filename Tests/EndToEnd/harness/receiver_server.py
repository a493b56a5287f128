"""The endpoints: one process, one path per endpoint, each behaving as told, remembering every arrival.

Started as `receiver_server.py PORT`; told what to do over HTTP:

    POST /_/endpoint   {"path": ..., behaviour}    defines or changes one
    GET  /_/summary?path=P                         counts, cheap enough to poll
    GET  /_/summaries                              those of all, by path
    GET  /_/arrivals?path=P                        every arrival
    GET  /_/delivered?path=P                       how often each event was accepted, by its id

Whether an attempt fails is decided by a hash of its id and number, so a run can be repeated.
"""

import asyncio
import dataclasses
import gc
import hashlib
import json
import sys
import time
import urllib.parse

from aiohttp import web
from standardwebhooks.webhooks import Webhook


@dataclasses.dataclass
class Endpoint:
    path: str
    secrets: list = dataclasses.field(default_factory=list)
    status: int = 204            # of an attempt that does not fail
    fail: float = 0.0            # share of attempts that fail
    fail_first: int = 0          # so many attempts of each id fail
    fail_status: int = 500
    fail_ids: list = dataclasses.field(default_factory=list)  # ids whose attempts fail always, also within a batch
    refuse: list = dataclasses.field(default_factory=list)   # ids answered with 400 always, also within a batch
    refuse_share: float = 0.0    # share of ids answered with 422 always, also within a batch
    answer: str = ""             # body of the answers 2xx
    name_failed: dict = dataclasses.field(default_factory=dict)  # ids that an answer 2xx names as failed: so often; its entry's other members
    delay: float = 0.0           # seconds before the answer
    most_at_once: int = 0        # to more than so many requests: 503
    headers: dict = dataclasses.field(default_factory=dict)  # of the failing answers
    keep: bool = False           # bodies and headers of the arrivals
    arrivals: list = dataclasses.field(default_factory=list)
    attempts: dict = dataclasses.field(default_factory=dict)
    delivered: dict = dataclasses.field(default_factory=dict)  # event id: how often it was accepted
    open_requests: int = 0
    most_open: int = 0

    def status_for(self, webhook_id, ids):
        attempt = self.attempts[webhook_id] = self.attempts.get(webhook_id, 0) + 1
        if self.refuse and not set(ids).isdisjoint(self.refuse):
            return 400
        if self.refuse_share and any(hashed(event) < self.refuse_share for event in ids):
            return 422
        if self.fail_ids and not set(ids).isdisjoint(self.fail_ids):
            return self.fail_status
        if attempt <= self.fail_first:
            return self.fail_status
        if self.fail and hashed(f"{webhook_id} {attempt}") < self.fail:
            return self.fail_status
        return self.status

    def names(self, ids):
        """The entries of those that an answer 2xx says have failed."""
        failed = []
        for event in ids:
            times, members = self.name_failed.get(event, (0, {}))
            if times > 0:
                self.name_failed[event] = (times - 1, members)
                failed.append({"id": event, **members})
        return failed

    def verified(self, body, headers):
        """None where nothing was to be verified."""
        if not self.secrets:
            return None
        for secret in self.secrets:
            try:
                secret.verify(body, headers, json_parse=False)
                return True
            except Exception:  # whatever the library dislikes about a signature, this is not a good one
                continue
        return False


BEHAVIOUR = {"secrets", "status", "fail", "fail_first", "fail_status", "fail_ids", "refuse", "refuse_share", "delay", "most_at_once", "headers", "keep", "answer", "name_failed"}
endpoints = {}


def hashed(text):
    """A number from 0 to 1 that is the same for the same text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) / 2**32


def event_ids(webhook_id, content_type, body):
    """The ids of the events in a request: of a batch, those inside."""
    if content_type.startswith("application/cloudevents-batch+json"):
        return [event["id"] for event in json.loads(body)]
    if content_type.startswith("application/json") and body[:1] == b"[":
        return [value["id"] for value in json.loads(body)]
    return [urllib.parse.unquote(webhook_id)]


async def receive(request):
    endpoint = endpoints.get(request.path)
    if endpoint is None:
        return control(request, await request.read())
    endpoint.open_requests += 1
    endpoint.most_open = max(endpoint.most_open, endpoint.open_requests)
    try:
        return await answer(endpoint, request)
    finally:
        endpoint.open_requests -= 1


async def answer(endpoint, request):
    body = await request.read()
    headers = request.headers
    at = time.time()
    webhook_id = headers.get("webhook-id", "")
    content_type = headers.get("content-type", "")
    ids = event_ids(webhook_id, content_type, body)
    is_overloaded = 0 < endpoint.most_at_once < endpoint.open_requests
    status = 503 if is_overloaded else endpoint.status_for(webhook_id, ids)
    arrival = {
        "at": at, "id": webhook_id, "ids": ids, "attempt": headers.get("fanfare-attempt"),
        "subscription": headers.get("fanfare-subscription"), "status": status, "process": headers.get("x-process"),
        "verified": endpoint.verified(body, headers), "digest": hashlib.sha256(body).hexdigest(), "size": len(body),
    }
    if endpoint.keep:
        arrival["headers"] = [[name, value] for name, value in headers.items()]
        arrival["body"] = body.decode("latin-1")
    endpoint.arrivals.append(arrival)
    text = None
    if 200 <= status < 300:
        failed = endpoint.names(ids)
        text = json.dumps({"failed": failed}) if failed else endpoint.answer or None
        for event in set(ids) - {entry["id"] for entry in failed}:
            endpoint.delivered[event] = endpoint.delivered.get(event, 0) + 1
    if endpoint.delay:
        await asyncio.sleep(endpoint.delay)
    arrival["answered"] = time.time()
    return web.Response(status=status, text=text, headers=endpoint.headers if status >= 300 else None)


def control(request, body):
    path = request.query.get("path")
    match request.path:
        case "/_/endpoint":
            wish = json.loads(body)
            path = wish.pop("path")
            endpoint = endpoints.setdefault(path, Endpoint(path))
            for name, value in wish.items():
                if name not in BEHAVIOUR:
                    return web.Response(status=400, text=f"no behaviour called {name}")
                setattr(endpoint, name, [Webhook(s) for s in value] if name == "secrets" else value)
            return web.json_response({})
        case "/_/summary":
            return web.json_response(summary(endpoints[path]))
        case "/_/summaries":
            return web.json_response({path: summary(endpoint) for path, endpoint in endpoints.items()})
        case "/_/arrivals":
            return web.json_response(endpoints[path].arrivals)
        case "/_/delivered":
            return web.json_response(endpoints[path].delivered)
    return web.Response(status=404, text="no endpoint here")


def summary(endpoint):
    return {
        "attempts": len(endpoint.arrivals),
        "delivered": len(endpoint.delivered),
        "deliveries": sum(endpoint.delivered.values()),
        "most_open": endpoint.most_open,
    }


async def main():
    # What is remembered stays until the end; looking through it again and again is the larger part of the work.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    runner = web.ServerRunner(web.Server(receive, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1]), backlog=4096, reuse_address=True).start()
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
