"""Avro values are delivered as the JSON that another implementation's reading of them says, for random schemas and values."""

import base64
import decimal
import io
import json
import math
import random
import struct

import fastavro
import pytest
from harness.registry import Registry, framed

SCHEMAS = 150
VALUES = 20


class Maker:
    """Random schemas, and random values of them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = 0
        # Those that may be referred to from here on.
        self.named = {}
        self.everything = {}

    def name(self):
        self.names += 1
        return f"{self.random.choice(['', 'shop.', 'a.b_c.'])}T{self.names}"

    def schema(self, depth=0):
        kinds = ["null", "boolean", "int", "long", "float", "double", "bytes", "string", "logical", "decimal", "fixed", "enum"]
        if depth < 4:
            kinds += ["array", "map", "record", "record", "union", "union"]
        if self.named and depth:
            kinds += ["named"]
        kind = "record" if depth == 0 else self.random.choice(kinds)
        if kind == "logical":
            return self.random.choice([
                {"type": "long", "logicalType": "unknown"}, {"type": "int", "logicalType": "unknown"}, {"type": "string", "logicalType": "unknown"}])
        if kind == "decimal":
            precision = self.random.randint(1, 30)
            return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": self.random.randint(0, precision)}
        if kind == "named":
            return self.random.choice(list(self.named))
        if kind == "fixed":
            return self.declared({"type": "fixed", "name": self.name(), "size": self.random.randint(0, 20)})
        if kind == "enum":
            return self.declared({"type": "enum", "name": self.name(), "symbols": [f"S{n}" for n in range(self.random.randint(1, 5))]})
        if kind == "array":
            return {"type": "array", "items": self.schema(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth + 1)}
        if kind == "union":
            return self.union(depth)
        if kind == "record":
            return self.record(depth)
        return kind

    def declared(self, schema):
        self.everything[schema["name"]] = schema
        # A name without a dot means another type within a namespace: only full names are referred to.
        if "." in schema["name"]:
            self.named[schema["name"]] = schema
        return schema

    def union(self, depth):
        branches = {}
        for _ in range(self.random.randint(1, 4)):
            known = dict(self.named)
            branch = self.schema(depth + 1)
            kind = self.kind_of(branch)
            if kind == "union" or kind in branches:
                self.named = known
            else:
                branches[kind] = branch
        return list(branches.values()) or ["null"]

    def record(self, depth):
        schema = {"type": "record", "name": self.name(), "fields": []}
        # Its own name is known within, behind a null, so that values end.
        if self.random.random() < 0.5:
            schema["fields"].append({"name": "again", "type": ["null", schema["name"]]})
        for n in range(self.random.randint(0, 5)):
            schema["fields"].append({"name": f"f{n}", "type": self.schema(depth + 1)})
        return self.declared(schema)

    def kind_of(self, schema):
        """What a union may hold once only. fastavro finds a branch by the value, so what looks alike to it counts as one."""
        if isinstance(schema, list):
            return "union"
        schema = self.named.get(schema, schema) if isinstance(schema, str) else schema
        kind = schema if isinstance(schema, str) else schema["type"]
        alike = {"int": "number", "long": "number", "float": "number", "double": "number", "fixed": "bytes", "enum": "string", "map": "object",
                 "record": "object"}
        return alike.get(kind, kind)

    def value(self, schema, depth=0):
        pick = self.random
        schema = self.everything.get(schema, schema) if isinstance(schema, str) else schema
        if isinstance(schema, list):
            return self.value(schema[0] if depth > 6 else pick.choice(schema), depth + 1)
        kind = schema if isinstance(schema, str) else schema["type"]
        if isinstance(schema, dict) and schema.get("logicalType") == "decimal":
            digits = pick.randint(0, schema["precision"])
            return decimal.Decimal(pick.choice([1, -1]) * pick.randrange(10 ** digits)).scaleb(-schema["scale"], decimal.Context(prec=50))
        match kind:
            case "null": return None
            case "boolean": return pick.random() < 0.5
            case "int": return pick.choice([0, -1, 2**31 - 1, -2**31, pick.randint(-1000, 1000)])
            case "long": return pick.choice([0, -1, 2**63 - 1, -2**63, pick.randint(-10**12, 10**12)])
            case "float": return pick.choice([0.0, -0.0, 0.1, 1e-30, 3.4e38, math.inf, math.nan, pick.uniform(-1000, 1000)])
            case "double": return pick.choice([0.0, -0.0, 0.1, 5e-324, 1.7e308, -math.inf, math.nan, pick.uniform(-1e9, 1e9)])
            case "bytes": return pick.randbytes(pick.randint(0, 40))
            case "string": return "".join(chr(pick.choice([pick.randint(0, 0x7F), pick.randint(0x80, 0xD7FF), 0x1F600])) for _ in range(pick.randint(0, 20)))
            case "fixed": return pick.randbytes(schema["size"])
            case "enum": return pick.choice(schema["symbols"])
            case "array": return [self.value(schema["items"], depth + 1) for _ in range(pick.randint(0, 3 if depth < 8 else 0))]
            case "map": return {f"k{n} é\"": self.value(schema["values"], depth + 1) for n in range(pick.randint(0, 3 if depth < 8 else 0))}
            case "record": return {field["name"]: self.value(field["type"], depth + 1) for field in schema["fields"]}


def same(expected, got):
    """Compares what fastavro reads with the JSON, in which numbers are kept as text."""
    match expected:
        case bytes(): return got == base64.b64encode(expected).decode()
        case dict(): return isinstance(got, dict) and list(expected) == list(got) and all(same(expected[key], got[key]) for key in expected)
        case list(): return isinstance(got, list) and len(expected) == len(got) and all(map(same, expected, got))
        case decimal.Decimal(): return isinstance(got, Number) and decimal.Decimal(got.text).as_tuple() == plain_zero(expected).as_tuple()
        case bool() | None | str(): return got is expected or got == expected and type(got) is type(expected)
        case int(): return isinstance(got, Number) and got.text == str(expected)
        case float():
            if math.isnan(expected):
                return got == "NaN"
            if math.isinf(expected):
                return got == ("Infinity" if expected > 0 else "-Infinity")
            # A float is the shortest text that means the same 32 bits.
            return isinstance(got, Number) and (float(got.text) == expected or as_float(float(got.text)) == expected) and (
                math.copysign(1, float(got.text)) == math.copysign(1, expected))


def plain_zero(number):
    """The integer that is written knows no -0."""
    return abs(number) if number == 0 else number


def as_float(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


class Number:
    def __init__(self, text):
        self.text = text


@pytest.mark.parametrize("seed", [1, 2])
def test_random_values_of_random_schemas_are_what_another_implementation_reads(world, seed):
    registry = Registry()
    records, expected = [], {}
    decimal.getcontext().prec = 60
    for id in range(1, SCHEMAS + 1):
        maker = Maker(seed * 10_000 + id)
        schema = maker.schema()
        registry.holds(id, schema)
        parsed = fastavro.parse_schema(schema)
        for _ in range(VALUES):
            out = io.BytesIO()
            fastavro.schemaless_writer(out, parsed, maker.value(schema))
            expected[f"shop.avro-0-{len(records)}"] = (schema, fastavro.schemaless_reader(io.BytesIO(out.getvalue()), parsed))
            records.append((0, None, framed(id, out.getvalue()), None))
    registry.starts()
    try:
        world.configure(schemaRegistry={"url": registry.url})
        topic = world.topic("shop.avro")
        reader = world.endpoint("reader", keep=True)
        topic.subscribe("reader", reader, batch={"maxEvents": 100, "maxBytes": "4MiB", "maxWait": "100ms"})
        world.bridge().starts()
        topic.publish_records(records)
        world.is_settled("reader", timeout=120)
        events = [event for arrival in reader.arrivals() for event in json.loads(arrival.body, parse_int=Number, parse_float=Number)]
    finally:
        registry.stops()
    assert not world.dead_letters(topic), world.dead_letters(topic)[:3]
    assert {event["id"] for event in events} == set(expected)
    wrong = [(expected[event["id"]], event) for event in events if not same(expected[event["id"]][1], event["data"])]
    assert not wrong, f"{len(wrong)} of {len(events)} differ, such as {wrong[0]}"
