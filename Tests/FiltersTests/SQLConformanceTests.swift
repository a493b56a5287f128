import EventModel
import Filters
import Foundation
import Testing
import Yams

/// The specification's own tests: `$FANFARE_VECTORS`, or `../shared/vectors` beside the package.
@Suite("CloudEvents SQL")
struct SQLConformanceTests {
    private struct File: Decodable {
        var name: String
        var tests: [Case]
    }

    private struct Case: Decodable {
        var name: String
        var expression: String
        var event: [String: Scalar]?
        var eventOverrides: [String: Scalar]?
        var result: Scalar?
        var error: String?
    }

    /// A YAML scalar with its type.
    private enum Scalar: Decodable, Equatable, CustomStringConvertible {
        case boolean(Bool), integer(Int32), string(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) {
                self = .boolean(value)
            } else if let value = try? container.decode(Int32.self) {
                self = .integer(value)
            } else {
                self = .string(try container.decode(String.self))
            }
        }

        var description: String {
            switch self {
            case .boolean(let value): "\(value)"
            case .integer(let value): "\(value)"
            case .string(let value): value
            }
        }
    }

    private static func files() throws -> [File]? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let all = ProcessInfo.processInfo.environment["FANFARE_VECTORS"].map { URL(fileURLWithPath: $0) }
            ?? root.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        let folder = all.appendingPathComponent("cesql-tck")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            print("skipped: no vectors (\(folder.path))")
            return nil
        }
        return try names.filter { $0.hasSuffix(".yaml") }.sorted().map {
            try YAMLDecoder().decode(File.self, from: String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8))
        }
    }

    private static func event(_ test: Case) -> TestEvent {
        let attributes = test.event ?? ["id": .string("1"), "source": .string("/s"), "type": .string("t")].merging(test.eventOverrides ?? [:]) { $1 }
        let event = TestEvent()
        for (name, value) in attributes where name != "specversion" {
            switch value {
            case .boolean: event.set(name, "\(value)", .boolean)
            case .integer: event.set(name, "\(value)", .integer)
            case .string: event.set(name, "\(value)", .string)
            }
        }
        return event
    }

    private static func outcome(_ test: Case) -> (result: Scalar?, error: String?) {
        do throws(SQLSyntaxError) {
            let expression = try SQLExpression(test.expression)
            let event = event(test)
            return event.evaluate(expression) { value, failure in
                let result: Scalar = switch value {
                case .boolean(let value): .boolean(value)
                case .integer(let value): .integer(value)
                case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
                }
                return (result, failure.map { "\($0)" })
            }
        } catch {
            return error.kind == .missingFunction ? (.boolean(false), "missingFunction") : (nil, "parse")
        }
    }

    @Test("passes the specification's conformance tests")
    func conformance() throws {
        guard let files = try Self.files() else { return }
        #expect(files.count == 13)
        for file in files {
            for test in file.tests {
                let outcome = Self.outcome(test)
                #expect(outcome.result == test.result, "\(file.name): \(test.name): \(test.expression)")
                #expect(outcome.error == test.error, "\(file.name): \(test.name): \(test.expression)")
            }
        }
    }
}
