"""What the embedded cluster lacks: TLS and SASL, in front of its one broker.

A connection is let through once it has authenticated. Until then three requests of Kafka's protocol are answered here; afterwards
frames are passed on, and where the broker says its address, the gate's is put in its place.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct
import threading

from .listener import Listener

METADATA, FIND_COORDINATOR, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 3, 10, 17, 18, 36
AUTHENTICATION_FAILED = 58
ITERATIONS = 4096


class KafkaGate(Listener):
    def __init__(self, broker_port, tls, user, password):
        self.broker_port = broker_port
        self.tls = tls
        self.user, self.password = user.encode(), password.encode()
        self.passed, self.refused = 0, 0
        super().__init__()

    def _talk(self, connection):
        try:
            with self.tls.wrap_socket(connection, server_side=True) as client, socket.create_connection(("127.0.0.1", self.broker_port)) as broker:
                if not self._authenticates(client, broker):
                    self.refused += 1
                    return
                self.passed += 1
                asked = {}
                threading.Thread(target=self._answers, args=(broker, client, asked), daemon=True).start()
                while request := _frame(client):
                    key, _, correlation = struct.unpack_from(">hhi", request)
                    asked[correlation] = key
                    _send(broker, request)
        except OSError:
            pass        # one of the two has gone

    def _answers(self, broker, client, asked):
        try:
            while answer := _frame(broker):
                if asked.pop(struct.unpack_from(">i", answer)[0], None) in (METADATA, FIND_COORDINATOR):
                    answer = answer.replace(struct.pack(">i", self.broker_port), struct.pack(">i", self.port))
                _send(client, answer)
        except OSError:
            pass
        finally:
            client.close()

    def _authenticates(self, client, broker):
        steps = None
        while request := _frame(client):
            key, version, correlation, name = struct.unpack_from(">hhih", request)
            body = request[10 + max(name, 0):]
            if key == API_VERSIONS:
                _send(broker, request)
                _send(client, _with_sasl(_frame(broker), version))
            elif key == SASL_HANDSHAKE:
                mechanism = body[2:2 + struct.unpack_from(">h", body)[0]]
                steps = self._plain() if mechanism == b"PLAIN" else self._scram()
                next(steps)
                _send(client, struct.pack(">ihih", correlation, 0, 1, len(mechanism)) + mechanism)
            elif key == SASL_AUTHENTICATE:
                challenge, is_done = steps.send(body[4:])
                error = 0 if challenge is not None else AUTHENTICATION_FAILED
                challenge = challenge or b""
                _send(client, struct.pack(">ihhi", correlation, error, -1, len(challenge)) + challenge)
                if is_done or error:
                    return not error
        return False

    def _plain(self):
        given = yield
        yield (b"" if given == b"\0" + self.user + b"\0" + self.password else None), True

    def _scram(self):
        """RFC 5802, as SCRAM-SHA-256."""
        first = (yield).partition(b"n,,")[2]
        fields = dict(field.split(b"=", 1) for field in first.split(b","))
        nonce, salt = fields[b"r"] + base64.b64encode(os.urandom(12)), os.urandom(16)
        challenge = b"r=%b,s=%b,i=%d" % (nonce, base64.b64encode(salt), ITERATIONS)
        final = yield challenge, False
        without_proof, _, proof = final.rpartition(b",p=")
        signed = b",".join([first, challenge, without_proof])
        salted = hashlib.pbkdf2_hmac("sha256", self.password, salt, ITERATIONS)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        server = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        is_right = fields[b"n"] == self.user and base64.b64decode(proof) == expected
        yield (b"v=" + base64.b64encode(server) if is_right else None), True


def _frame(connection):
    """The next one; nothing when the other side has gone."""
    size = _exactly(connection, 4)
    return size and _exactly(connection, struct.unpack(">i", size)[0])


def _exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def _send(connection, frame):
    connection.sendall(struct.pack(">i", len(frame)) + frame)


def _with_sasl(answer, version):
    """An ApiVersions response with the two requests that the broker does not know."""
    if struct.unpack_from(">h", answer, 4)[0] != 0:
        return answer
    added = [(SASL_HANDSHAKE, 0, 1), (SASL_AUTHENTICATE, 0, 0)]
    if version < 3:
        (count,) = struct.unpack_from(">i", answer, 6)
        return answer[:6] + struct.pack(">i", count + len(added)) + b"".join(struct.pack(">hhh", *api) for api in added) + answer[10:]
    # A compact array: its length plus one, in one byte as long as that is below 128.
    assert answer[6] + len(added) < 128
    return answer[:6] + bytes([answer[6] + len(added)]) + b"".join(struct.pack(">hhhB", *api, 0) for api in added) + answer[7:]
