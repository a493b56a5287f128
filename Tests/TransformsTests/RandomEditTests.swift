import EventModel
import Testing
import Transforms

/// Random payloads and pointers: one walk over the bytes does what the definitions say of the tree.
@Suite struct RandomEditTests {
    private indirect enum Value {
        case object([(name: String, value: Value)])
        case array([Value])
        case number(Int)

        init(_ random: inout SeededGenerator, depth: Int) {
            switch depth == 0 ? 2 : Int.random(in: 0...2, using: &random) {
            case 0:
                let names = ["a", "b", "0", "1", "x/y", "t~"].filter { _ in Bool.random(using: &random) }
                self = .object(names.map { ($0, Value(&random, depth: depth - 1)) })
            case 1: self = .array((0..<Int.random(in: 0...3, using: &random)).map { _ in Value(&random, depth: depth - 1) })
            default: self = .number(Int.random(in: 0...99, using: &random))
            }
        }

        var text: String {
            switch self {
            case .object(let members): "{" + members.map { "\"\($0.name)\":\($0.value.text)" }.joined(separator: ",") + "}"
            case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
            case .number(let number): "\(number)"
            }
        }

        /// Its parts with their pointers.
        func children(below path: String) -> [(path: String, name: String?, value: Value)] {
            switch self {
            case .object(let members):
                members.map { (path + "/" + $0.name.replacing("~", with: "~0").replacing("/", with: "~1"), $0.name, $0.value) }
            case .array(let elements): elements.enumerated().map { ("\(path)/\($0)", nil, $1) }
            case .number: []
            }
        }

        /// With what `change` makes of each part: nil takes it away.
        func edited(below path: String, _ change: (String, Value) -> Value?) -> Value {
            let kept = children(below: path).compactMap { child in change(child.path, child.value).map { (child.name, $0) } }
            switch self {
            case .object: return .object(kept.map { ($0.0!, $0.1) })
            case .array: return .array(kept.map(\.1))
            case .number: return self
            }
        }

        func without(_ pointers: Set<String>, below path: String = "/data") -> Value {
            edited(below: path) { pointers.contains($0) ? nil : $1.without(pointers, below: $0) }
        }

        func only(_ pointers: Set<String>, below path: String = "/data") -> Value {
            edited(below: path) { here, value in
                if pointers.contains(here) { return value }
                if case .number = value { return nil }
                return pointers.contains { $0.hasPrefix(here + "/") } ? value.only(pointers, below: here) : nil
            }
        }

        func paths(below path: String = "/data") -> [String] {
            children(below: path).flatMap { [$0.path] + $0.value.paths(below: $0.path) }
        }
    }

    @Test(arguments: 0..<20) func theBytesAreThoseOfTheDefinition(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let value = Value(&random, depth: 4)
            if case .number = value { continue }
            var pointers = Set(value.paths().filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
            pointers.insert("/data/nowhere/0")
            let list = pointers.shuffled(using: &random)
            #expect(try Made(policy { $0.drop = list }, makeEvent(value.text)).body == value.without(pointers).text)
            #expect(try Made(policy { $0.select = list }, makeEvent(value.text)).body == value.only(pointers).text)
        }
    }
}
