"""A DNS server that says what a test wants, and may say something else the next time."""

import collections
import ipaddress
import socket
import struct
import threading

TYPES = {1: 4, 28: 6}  # A and AAAA, by version of the address


class NameServer:
    """`names` maps a name to a list of answers, each a list of addresses: one answer after the other, the last for ever."""

    def __init__(self, names, address="127.0.0.1"):
        self.names = names
        self.asked = collections.Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(4096)
                self.socket.sendto(self._answer(question), peer)
            except OSError:
                return

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        (kind,) = struct.unpack(">H", question[at + 1:at + 3])
        name = ".".join(labels).lower()
        answers = self.names.get(name)
        found = []
        if answers and kind in TYPES:
            current = answers[min(self.asked[name, kind], len(answers) - 1)]
            self.asked[name, kind] += 1
            found = [a for a in map(ipaddress.ip_address, current) if a.version == TYPES[kind]]
        # Time to live 0: nobody may keep it.
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(a.packed)) + a.packed for a in found)
        status = 0x8180 if answers else 0x8183
        return question[:2] + struct.pack(">HHHHH", status, 1, len(found), 0, 0) + question[12:at + 5] + records
