import EventFormats

/// Where and how a value does not conform to its schema.
public struct SchemaFailure: Error, Sendable, Equatable {
    /// A JSON pointer into the value; names that are the sender's own are cut and made printable.
    public var pointer: String
    /// In bytes from the beginning of the text.
    public var offset: Int
    /// A clause about the value there, with the keyword that it does not conform to; holds nothing of it.
    public var message: String

    public init(pointer: String, offset: Int, message: String) {
        self.pointer = pointer
        self.offset = offset
        self.message = message
    }
}

/// Runs schemas over texts, without copying and in bounded time: about 256 steps for each byte of a text, a step being a look
/// at a value, a name or a character with one schema or pattern. A text that takes more does not conform.
///
/// A name that an object repeats has several values, and each of them must conform. Not thread-safe.
public final class SchemaValidator {
    private static let freeSteps = 1_000_000
    private static let stepsPerByte = 256
    /// Schemas that are being looked at, each within the one before. The thread's stack holds them.
    private static let deepest = 1_500
    private static let keptEntries = 1 << 16

    private var tape = JSONTape()
    private var matcher = PatternMatcher()
    private var limit = 0
    private var depth = 0
    /// For each name that an object's schema knows, whether the object has it; schemas within each other in line.
    private var seen: ContiguousArray<Bool> = []
    private var failure: (index: Int, message: String)?
    /// Inside `anyOf` and the like a failure is nothing to tell of.
    private var isSilent = false

    public init() {}

    /// The first thing that is wrong with a text; nil when it conforms.
    ///
    /// - Parameter text: a text that `JSONScanner` has accepted, perhaps with white space around it.
    public func validate(_ text: UnsafeRawBufferPointer, _ schema: Schema) -> SchemaFailure? {
        tape.read(text)
        defer { tape.forget(keepingAtMost: Self.keptEntries) }
        matcher.cost = 0
        limit = Self.freeSteps + Self.stepsPerByte * text.count
        depth = 0
        seen.removeAll(keepingCapacity: true)
        isSilent = false
        failure = nil
        let conforms = check(0, 0, schema.nodes)
        // Whoever was silent when the steps ran out may have taken it for a failure.
        if matcher.cost > limit {
            return SchemaFailure(pointer: "", offset: 0, message: "takes more steps to check than \(limit); make the schema simpler")
        }
        if conforms { return nil }
        let found = failure ?? (0, "does not conform")
        return SchemaFailure(
            pointer: tape.pointer(to: found.index), offset: Int(tape.entries[found.index].start), message: found.message)
    }

    private func fail(_ index: Int, _ message: @autoclosure () -> String) -> Bool {
        if !isSilent, failure == nil { failure = (index, message()) }
        return false
    }

    /// Checks without telling.
    private func holds(_ index: Int, _ node: Int, _ nodes: [SchemaNode]) -> Bool {
        let before = isSilent
        isSilent = true
        defer { isSilent = before }
        return check(index, node, nodes)
    }

    private func check(_ index: Int, _ number: Int, _ nodes: [SchemaNode]) -> Bool {
        matcher.cost += 1
        guard matcher.cost <= limit else { return false }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { return fail(index, "is nested too deeply to be checked") }
        let node = nodes[number]
        if let reference = node.reference { return check(index, reference, nodes) }
        if node.refusesAll { return fail(index, "is not allowed here") }
        let kind = tape.entries[index].kind
        if let types = node.types, !isOfType(types, index, kind) { return fail(index, "is not of type \(types.description)") }
        if let enumeration = node.enumeration, !isListed(enumeration, index, kind) { return fail(index, "is none of the values of enum") }
        if let constant = node.constant, !isListed(constant, index, kind) { return fail(index, "is not the value of const") }
        switch kind {
        case .number: if let rules = node.number, !check(index, rules) { return false }
        case .string: if let rules = node.string, !check(index, rules) { return false }
        case .array: if let rules = node.array, !check(index, rules, nodes) { return false }
        case .object: if let rules = node.object, !check(index, rules, nodes) { return false }
        case .boolean, .null: break
        }
        return checkApplicators(index, node, nodes)
    }

    private func checkApplicators(_ index: Int, _ node: SchemaNode, _ nodes: [SchemaNode]) -> Bool {
        for schema in node.allOf where !check(index, schema, nodes) { return false }
        if !node.anyOf.isEmpty, !node.anyOf.contains(where: { holds(index, $0, nodes) }) {
            return fail(index, "conforms to none of anyOf")
        }
        if !node.oneOf.isEmpty {
            var count = 0
            for schema in node.oneOf where holds(index, schema, nodes) { count += 1 }
            if count != 1 { return fail(index, "conforms to \(count == 0 ? "none" : "\(count)") of oneOf, not to one") }
        }
        if let not = node.not, holds(index, not, nodes) { return fail(index, "conforms to what not forbids") }
        if let condition = node.condition {
            let branch = holds(index, condition.if, nodes) ? condition.then : condition.else
            if let branch, !check(index, branch, nodes) { return false }
        }
        return true
    }

    private func isOfType(_ types: TypeSet, _ index: Int, _ kind: JSONValue.Kind) -> Bool {
        if types.contains(TypeSet(kind)) { return true }
        return kind == .number && types.contains(.integer) && ExactDecimal(tape.value(index).raw).isInteger
    }

    private func isListed(_ enumeration: Enumeration, _ index: Int, _ kind: JSONValue.Kind) -> Bool {
        guard enumeration.kinds.contains(TypeSet(kind)) else { return false }
        return enumeration.values.contains(canonical(index))
    }

    private func canonical(_ index: Int) -> [UInt8] {
        let entry = tape.entries[index]
        matcher.cost += Int(entry.end - entry.start)
        var text: [UInt8] = []
        tape.appendCanonical(index, to: &text)
        return text
    }

    // MARK: Numbers

    private func check(_ index: Int, _ rules: NumberRules) -> Bool {
        let raw = tape.value(index).raw
        matcher.cost += raw.count
        let number = ExactDecimal(raw)
        if let bound = rules.minimum, bound.comparison(of: number) < 0 { return fail(index, "is less than the minimum \(bound.description)") }
        if let bound = rules.maximum, bound.comparison(of: number) > 0 { return fail(index, "is greater than the maximum \(bound.description)") }
        if let bound = rules.exclusiveMinimum, bound.comparison(of: number) <= 0 {
            return fail(index, "is not greater than the exclusiveMinimum \(bound.description)")
        }
        if let bound = rules.exclusiveMaximum, bound.comparison(of: number) >= 0 {
            return fail(index, "is not less than the exclusiveMaximum \(bound.description)")
        }
        if let multiple = rules.multipleOf, !number.isMultiple(of: multiple.factor) {
            return fail(index, "is not a multiple of the multipleOf \(multiple.text.description)")
        }
        return true
    }

    // MARK: Strings

    private func check(_ index: Int, _ rules: StringRules) -> Bool {
        let string = tape.value(index)
        if rules.minLength != nil || rules.maxLength != nil {
            matcher.cost += string.raw.count
            var scalars = ScalarsOfString(string)
            var length = 0
            while scalars.next() != nil { length += 1 }
            guard scalars.isText else { return fail(index, "has half a surrogate pair") }
            if let least = rules.minLength, length < least { return fail(index, "is shorter than the minLength \(least)") }
            if let most = rules.maxLength, length > most { return fail(index, "is longer than the maxLength \(most)") }
        }
        guard let pattern = rules.pattern else { return true }
        if string.hasHalfSurrogatePair { return fail(index, "has half a surrogate pair") }
        return matches(pattern, index) || fail(index, "does not match the pattern \(pattern.text)")
    }

    private func matches(_ pattern: NamedPattern, _ index: Int) -> Bool {
        matcher.find(pattern.pattern, in: tape.value(index), limit: limit) ?? false
    }

    // MARK: Arrays

    private func check(_ index: Int, _ rules: ArrayRules, _ nodes: [SchemaNode]) -> Bool {
        let count = Int(tape.entries[index].count)
        if let least = rules.minItems, count < least { return fail(index, "has fewer items than the minItems \(least)") }
        if let most = rules.maxItems, count > most { return fail(index, "has more items than the maxItems \(most)") }
        var contains = rules.contains == nil
        var different: Set<[UInt8]> = []
        var element = index + 1
        for position in 0..<count {
            let schema = position < rules.tuple.count ? rules.tuple[position] : rules.items
            if let schema, !check(element, schema, nodes) { return false }
            if let schema = rules.contains, !contains { contains = holds(element, schema, nodes) }
            if rules.uniqueItems, !different.insert(canonical(element)).inserted {
                return fail(element, "is there already, which uniqueItems forbids")
            }
            element = tape.next(element)
        }
        return contains || fail(index, "has no item that conforms to contains")
    }

    // MARK: Objects

    private func check(_ index: Int, _ rules: ObjectRules, _ nodes: [SchemaNode]) -> Bool {
        let count = Int(tape.entries[index].count)
        if let least = rules.minProperties, count < least { return fail(index, "has fewer members than the minProperties \(least)") }
        if let most = rules.maxProperties, count > most { return fail(index, "has more members than the maxProperties \(most)") }
        matcher.cost += (rules.names.names.count + rules.dependencies.count) / 32
        let start = seen.count
        seen.append(contentsOf: repeatElement(false, count: rules.names.names.count))
        defer { seen.removeSubrange(start...) }
        var name = index + 1
        for _ in 0..<count {
            let value = name + 1
            matcher.cost += 1 + Int(tape.entries[name].end - tape.entries[name].start) / 8
            guard checkMember(name, value, rules, start, nodes) else { return false }
            name = tape.next(value)
        }
        for required in rules.required where !seen[start + required] {
            return fail(index, "has no member \"\(rules.names.names[required])\", which is required")
        }
        for dependency in rules.dependencies where seen[start + dependency.trigger] {
            for required in dependency.required where !seen[start + required] {
                return fail(index, "has no member \"\(rules.names.names[required])\", which dependencies ask for beside \"\(rules.names.names[dependency.trigger])\"")
            }
            if let schema = dependency.schema, !check(index, schema, nodes) { return false }
        }
        return true
    }

    private func checkMember(_ name: Int, _ value: Int, _ rules: ObjectRules, _ start: Int, _ nodes: [SchemaNode]) -> Bool {
        var isKnown = false
        if let slot = rules.names.find(tape.value(name)) {
            seen[start + slot] = true
            if let schema = rules.properties[slot] {
                isKnown = true
                if !check(value, schema, nodes) { return false }
            }
        }
        for (pattern, schema) in rules.patterns where matches(pattern, name) {
            isKnown = true
            if !check(value, schema, nodes) { return false }
        }
        if !isKnown, let schema = rules.additional {
            if nodes[schema].refusesAll { return fail(value, "is not among the properties, and additionalProperties is false") }
            if !check(value, schema, nodes) { return false }
        }
        if let schema = rules.propertyNames, !check(name, schema, nodes) { return false }
        return true
    }
}
