"""Random JSON Schemas (draft-07), and random values that have something to do with them. Everything is JSON text, so that numbers come
in all the ways that they can be written."""

import json
import random

NAMES = ["a", "b", "c", "total", "é", "e\u0301", "x/y~z", ""]
NUMBERS = ["0", "-0", "1", "1.0", "10e-1", "2", "3", "-1", "0.1", "0.3", "0.30", "1e2", "1E+2", "2.5", "9007199254740993", "9007199254740992.0", "1e30", "-7"]
STRINGS = ["", "a", "b", "ab", "abc", "aab", "é", "e\u0301", "😀", "1", "a b", "\n", "2024-01-02", "ord_7"]
# Left out, because the other implementation sees them otherwise: \w for more than ASCII, and the empty pattern beside additionalProperties.
PATTERNS = ["^a", "b$", "^a*b$", "a.c", "[0-9]{4}-[0-9]{2}", "^(a|ab)(c|b)?$", "^[^a]+$", "^.{2}$", "\\d", "^[a-z]+$", "^ord_[0-9]+$", "a?", "[^\\s]", "(?:aa)+b|é"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def text(value):
    """In one of the ways that a string can be written."""
    return json.dumps(value, ensure_ascii=random.Random(value).random() < 0.5)


def list_text(items):
    return "[" + ", ".join(items) + "]"


def object_text(members):
    return "{" + ", ".join(f"{text(name)}: {value}" for name, value in members.items()) + "}"


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.definitions = self.random.randint(0, 3)
        # Those below it may be referred to: a definition refers to itself, or to one behind it, only from deeper in the value.
        self.allowed = self.definitions

    def schema(self):
        members = self.keywords(0)
        if self.definitions:
            members["definitions"] = object_text({f"d{n}": self.definition(n) for n in range(self.definitions)})
        return object_text(members)

    def definition(self, number):
        self.allowed = number
        return self.subschema(1)

    def inner(self, depth):
        """Of something in the value."""
        before, self.allowed = self.allowed, self.definitions
        made = self.subschema(depth)
        self.allowed = before
        return made

    def subschema(self, depth):
        chance = self.random.random()
        if chance < 0.06:
            return self.random.choice(["true", "true", "false"])
        if chance < 0.14 and self.allowed:
            return object_text({"$ref": text(f"#/definitions/d{self.random.randrange(self.allowed)}")})
        return object_text(self.keywords(depth))

    def keywords(self, depth):
        pick = self.random
        members = {}
        for _ in range(pick.choice([0, 1, 1, 2, 2, 3, 4])):
            kind = pick.choice(["any", "number", "string", "array", "object", "object", "applicator", "type"])
            members |= getattr(self, kind)(depth)
        return members

    def type(self, depth):
        kinds = self.random.sample(TYPES, self.random.randint(1, 4))
        return {"type": text(kinds[0]) if len(kinds) == 1 else list_text(map(text, kinds))}

    def any(self, depth):
        if self.random.random() < 0.5:
            return {"const": self.value()}
        return {"enum": list_text(self.value() for _ in range(self.random.randint(1, 4)))}

    def number(self, depth):
        keyword = self.random.choice(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"])
        return {keyword: self.random.choice(["0.1", "2", "1.5", "1e-1", "3"] if keyword == "multipleOf" else NUMBERS)}

    def string(self, depth):
        keyword = self.random.choice(["minLength", "maxLength", "pattern", "pattern"])
        return {keyword: text(self.random.choice(PATTERNS)) if keyword == "pattern" else str(self.random.randint(0, 3))}

    def array(self, depth):
        if depth > 3:
            return {"uniqueItems": "true"}
        match self.random.choice(["items", "items", "tuple", "contains", "bounds", "uniqueItems"]):
            case "items": return {"items": self.inner(depth + 1)}
            case "tuple":
                members = {"items": list_text(self.inner(depth + 1) for _ in range(self.random.randint(0, 3)))}
                return members | ({"additionalItems": self.inner(depth + 1)} if self.random.random() < 0.7 else {})
            case "contains": return {"contains": self.inner(depth + 1)}
            case "bounds": return {self.random.choice(["minItems", "maxItems"]): str(self.random.randint(0, 3))}
            case "uniqueItems": return {"uniqueItems": self.random.choice(["true", "true", "false"])}

    def object(self, depth):
        if depth > 3:
            return {"required": list_text([text(self.random.choice(NAMES))])}
        names = self.random.sample(NAMES, self.random.randint(1, 4))
        match self.random.choice(["properties", "properties", "required", "patterns", "additional", "dependencies", "names", "bounds"]):
            case "properties":
                members = {"properties": object_text({name: self.inner(depth + 1) for name in names})}
                return members | ({"additionalProperties": self.inner(depth + 1)} if self.random.random() < 0.3 else {})
            case "required": return {"required": list_text(map(text, names[:2]))}
            case "patterns": return {"patternProperties": object_text({self.random.choice(PATTERNS): self.inner(depth + 1)})}
            case "additional": return {"additionalProperties": self.random.choice(["false", self.inner(depth + 1)])}
            case "dependencies":
                rule = self.subschema(depth + 1) if self.random.random() < 0.5 else list_text(map(text, names[1:]))
                return {"dependencies": object_text({names[0]: rule})}
            case "names": return {"propertyNames": self.inner(depth + 1)}
            case "bounds": return {self.random.choice(["minProperties", "maxProperties"]): str(self.random.randint(0, 3))}

    def applicator(self, depth):
        if depth > 2:
            return {}
        match self.random.choice(["not", "if", "many"]):
            case "not": return {"not": self.subschema(depth + 2)}
            case "if": return {keyword: self.subschema(depth + 2) for keyword in ["if", *self.random.sample(["then", "else"], self.random.randint(0, 2))]}
            case "many":
                keyword = self.random.choice(["allOf", "anyOf", "oneOf"])
                return {keyword: list_text(self.subschema(depth + 2) for _ in range(self.random.randint(1, 3)))}

    def value(self, depth=0):
        pick = self.random
        match pick.choice(["null", "boolean", "number", "number", "string", "string"] + (["array", "array", "object", "object"] * 2 if depth < 3 else [])):
            case "null": return "null"
            case "boolean": return pick.choice(["true", "false"])
            case "number": return pick.choice(NUMBERS)
            case "string": return text(pick.choice(STRINGS))
            case "array": return list_text(self.value(depth + 1) for _ in range(pick.randint(0, 4)))
            case "object": return object_text({name: self.value(depth + 1) for name in pick.sample(NAMES, pick.randint(0, 4))})

    def value_for(self, schema, depth=0):
        """Something that a schema (parsed) may mean: else nearly every value would fail at its type."""
        pick = self.random
        if depth > 5 or not isinstance(schema, dict) or pick.random() < 0.15:
            return self.value(min(depth, 3))
        if "const" in schema and pick.random() < 0.8:
            return json.dumps(schema["const"], default=str)
        if "enum" in schema and pick.random() < 0.8:
            return json.dumps(pick.choice(schema["enum"]), default=str)
        for keyword in ("allOf", "anyOf", "oneOf"):
            if keyword in schema and pick.random() < 0.5:
                return self.value_for(pick.choice(schema[keyword]), depth + 1)
        kinds = schema.get("type", [])
        kind = pick.choice([kinds] if isinstance(kinds, str) else kinds or [k for k, words in MEANT.items() if words & schema.keys()] or ["any"])
        if kind == "object":
            properties = schema.get("properties", {})
            names = {*schema.get("required", []), *pick.sample([*properties, *NAMES], pick.randint(0, min(4, len(properties) + len(NAMES))))}
            return object_text({name: self.value_for(properties.get(name, schema.get("additionalProperties", True)), depth + 1) for name in sorted(names)})
        if kind == "array":
            items = schema.get("items", True)
            return list_text(
                self.value_for(items if not isinstance(items, list) else items[n] if n < len(items) else schema.get("additionalItems", True), depth + 1)
                for n in range(pick.randint(0, 4)))
        if kind == "string":
            return text(pick.choice(STRINGS))
        if kind in ("number", "integer"):
            return pick.choice(NUMBERS)
        return {"null": "null", "boolean": pick.choice(["true", "false"])}.get(kind) or self.value(min(depth, 3))


MEANT = {
    "object": {"properties", "required", "patternProperties", "additionalProperties", "dependencies", "propertyNames", "minProperties", "maxProperties"},
    "array": {"items", "contains", "minItems", "maxItems", "uniqueItems"},
    "string": {"minLength", "maxLength", "pattern"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}
