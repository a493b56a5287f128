/// A schema that values were written with, compiled from its JSON: what `AvroDecoder` follows.
///
/// Only the writer's schema counts here: values become JSON as they were written, no reader's schema is put over them. So
/// defaults, aliases and documentation are not looked at.
public final class AvroSchema: Sendable {
    /// A type; those that it is made of are named by their index, so that a type may contain itself.
    enum Node: Sendable {
        case null, boolean, int, long, float, double, bytes, string
        case fixed(size: Int)
        /// Nil size: of bytes.
        case decimal(scale: Int, size: Int?)
        /// Each symbol as a JSON string.
        case enumeration(symbols: [[UInt8]])
        case array(items: Int)
        case map(values: Int)
        case union(branches: [Int])
        case record(fields: [Field])
    }

    struct Field: Sendable {
        var name: String
        /// The name as a JSON string, and a colon.
        var key: [UInt8]
        var type: Int
    }

    let nodes: [Node]
    let root: Int

    init(nodes: [Node], root: Int) {
        self.nodes = nodes
        self.root = root
    }

    /// - Parameters:
    ///   - text: the schema, as JSON.
    ///   - references: schemas whose named types it may use, each before those that use it.
    /// - Throws: why one of them is no schema.
    public convenience init(_ text: [UInt8], references: [[UInt8]] = []) throws(AvroSchemaError) {
        var parser = SchemaParser()
        for reference in references {
            do throws(AvroSchemaError) {
                _ = try parser.parse(reference)
            } catch {
                throw AvroSchemaError(path: error.path, problem: "in a referenced schema: \(error.problem)")
            }
        }
        let root = try parser.parse(text)
        self.init(nodes: parser.nodes, root: root)
    }
}

/// Why a text is no Avro schema.
public struct AvroSchemaError: Error, Equatable, CustomStringConvertible {
    /// JSON pointer into the schema's text.
    public var path: String
    public var problem: String

    init(path: String = "", problem: String) {
        self.path = path
        self.problem = problem
    }

    func inside(_ step: String) -> AvroSchemaError { AvroSchemaError(path: "/\(step)\(path)", problem: problem) }

    public var description: String { path.isEmpty ? problem : "\(path): \(problem)" }
}
