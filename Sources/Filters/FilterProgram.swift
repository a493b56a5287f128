import EventModel
import Glibc

/// Filters as a list of tests, each of which says where to go on when it holds and when it does not. No tree is walked
/// and nothing is allocated when an event runs through it.
///
/// Tests are emitted from the last to the first, so that the places to go on at are known.
struct FilterProgram {
    /// Index of a test, or one of the two ends.
    typealias Target = Int32
    static let match: Target = -1
    static let noMatch: Target = -2

    enum Comparison: UInt8 { case exact, prefix, suffix, pattern }

    enum Attribute {
        case id, source, type, subject, time, datacontenttype, dataschema, specversion
        /// Its name's place in `texts`.
        case named(Text)
    }

    /// A range of bytes in the program's pool.
    struct Text {
        var start: Int32
        var count: Int32
    }

    struct Test {
        var attribute: Attribute
        var comparison: Comparison
        /// Of a pattern: `start` is its place in `patterns`.
        var operand: Text
        var yes: Target
        var no: Target
    }

    private var tests = ContiguousArray<Test>()
    private var texts = ContiguousArray<UInt8>()
    private var patterns = ContiguousArray<PatternMatch>()
    /// What the patterns look at.
    var fields = FieldTree()

    mutating func emit(_ pattern: ContentPattern, yes: Target, no: Target) -> Target {
        let operand = Text(start: Int32(patterns.count), count: 0)
        patterns.append(PatternMatch(pattern, in: &fields))
        tests.append(Test(attribute: .id, comparison: .pattern, operand: operand, yes: yes, no: no))
        return Target(tests.count - 1)
    }

    mutating func emit(_ comparison: Comparison, _ operand: AttributeOperand, yes: Target, no: Target) -> Target {
        let attribute: Attribute = switch operand.attribute {
        case "id": .id
        case "source": .source
        case "type": .type
        case "subject": .subject
        case "time": .time
        case "datacontenttype": .datacontenttype
        case "dataschema": .dataschema
        case "specversion": .specversion
        default: .named(intern(operand.attribute))
        }
        tests.append(Test(attribute: attribute, comparison: comparison, operand: intern(operand.operand), yes: yes, no: no))
        return Target(tests.count - 1)
    }

    private mutating func intern(_ text: String) -> Text {
        let start = texts.count
        texts.append(contentsOf: text.utf8)
        return Text(start: Int32(start), count: Int32(texts.count - start))
    }

    /// Calls `body` with what runs an event through the program.
    ///
    /// - Parameter fields: the event's, where there are patterns.
    func withRunner<Result>(_ fields: EventFields, _ body: (Runner) -> Result) -> Result {
        tests.withUnsafeBufferPointer { tests in
            texts.withUnsafeBytes { texts in
                patterns.withUnsafeBufferPointer { body(Runner(tests: tests, texts: texts, patterns: $0, fields: fields)) }
            }
        }
    }

    struct Runner {
        typealias Bytes = UnsafeRawBufferPointer
        let tests: UnsafeBufferPointer<Test>
        let texts: Bytes
        let patterns: UnsafeBufferPointer<PatternMatch>
        let fields: EventFields

        func matches(_ event: borrowing Event, from start: Target) -> Bool {
            var position = start
            while position >= 0 {
                let test = tests[Int(position)]
                position = holds(test, event) ? test.yes : test.no
            }
            return position == FilterProgram.match
        }

        private func holds(_ test: Test, _ event: borrowing Event) -> Bool {
            if test.comparison == .pattern { return patterns[Int(test.operand.start)].matches(fields) }
            // An attribute that the event does not have equals nothing and begins and ends with nothing.
            guard let value = value(test.attribute, event) else { return false }
            let operand = bytes(test.operand)
            return switch test.comparison {
            case .exact: value.count == operand.count && equal(value, 0, operand)
            case .prefix: value.count >= operand.count && equal(value, 0, operand)
            case .suffix: value.count >= operand.count && equal(value, value.count - operand.count, operand)
            case .pattern: preconditionFailure("a pattern is no comparison of an attribute")
            }
        }

        private func bytes(_ text: Text) -> Bytes {
            Bytes(start: texts.baseAddress.map { $0 + Int(text.start) }, count: Int(text.count))
        }

        private func equal(_ value: Bytes, _ offset: Int, _ operand: Bytes) -> Bool {
            guard operand.count > 0, let a = value.baseAddress, let b = operand.baseAddress else { return operand.isEmpty }
            return memcmp(a + offset, b, operand.count) == 0
        }

        private func value(_ attribute: Attribute, _ event: borrowing Event) -> Bytes? {
            switch attribute {
            case .id: return event.id
            case .source: return event.source
            case .type: return event.type
            case .subject: return event.subject
            case .time: return event.time
            case .datacontenttype: return event.dataContentType
            case .dataschema: return event.dataSchema
            case .specversion:
                let text: StaticString = "1.0"
                return Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
            case .named(let name):
                let name = bytes(name)
                for candidate in event.extensions where candidate.name.count == name.count {
                    if equal(candidate.name, 0, name) { return candidate.value }
                }
                return nil
            }
        }
    }
}
