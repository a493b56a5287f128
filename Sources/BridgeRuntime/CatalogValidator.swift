package import EventModel
import Glibc
import JSONSchema

/// Holds the events of a topic to the schemas of its catalog. Each shard compiles its own: shards share nothing, not even counts
/// of references.
package final class CatalogValidator {
    package enum Finding: Equatable {
        /// Nothing is known to be wrong: the data conforms, there is none, or the catalog has no schema for it.
        case valid
        /// The catalog does not have the event's type.
        case unlisted
        /// Which schema it does not conform to, where and why; in one line that holds nothing of the data.
        case invalid(String)
    }

    private struct Entry {
        var type: [UInt8]
        var key: String
        var schema: Schema?
    }

    package let mode: CatalogValidation
    private let catalog: [CatalogEntry]
    /// By length and bytes of the type.
    private let entries: [Entry]
    private let validator = SchemaValidator()

    /// Nil where nothing is to be validated.
    ///
    /// - Parameter manifest: one that was loaded without errors.
    package init?(_ manifest: TopicManifest) {
        guard manifest.validate != .off, !manifest.events.isEmpty else { return nil }
        mode = manifest.validate
        catalog = manifest.events
        entries = manifest.events.map(Self.compiled).sorted { a, b in
            b.type.withUnsafeBytes { Self.order(a.type, $0) < 0 }
        }
    }

    /// Whether the same events would be found to be the same by this manifest.
    package func isOf(_ manifest: TopicManifest) -> Bool { manifest.validate == mode && manifest.events == catalog }

    private static func compiled(_ entry: CatalogEntry) -> Entry {
        Entry(type: Array(entry.type.utf8), key: "events.\(entry.type).schema", schema: entry.schema.map { file in
            do throws(SchemaErrors) {
                return try Schema(path: file.path, text: file.text) { path in
                    entry.references.first { $0.path == path }.map { .success($0.text) }
                        ?? .failure(SchemaFileError(message: "\(path) was not read"))
                }
            } catch {
                preconditionFailure("the loader takes only schemas that compile: \(error.problems)")
            }
        })
    }

    package func judge(_ event: Event) -> Finding {
        guard let entry = entry(of: event.type) else { return .unlisted }
        guard let schema = entry.schema, event.dataKind != .none else { return .valid }
        guard event.dataKind == .json else { return .invalid("\(entry.key): the data is not JSON") }
        guard let failure = validator.validate(event.data, schema) else { return .valid }
        return .invalid("\(entry.key): \(failure.pointer.isEmpty ? "the data" : failure.pointer) \(failure.message)")
    }

    private func entry(of type: Event.Bytes) -> Entry? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            let order = Self.order(entries[middle].type, type)
            if order == 0 { return entries[middle] }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private static func order(_ a: [UInt8], _ b: Event.Bytes) -> Int {
        guard a.count == b.count, let other = b.baseAddress else { return a.count - b.count }
        return a.withUnsafeBytes { Int(memcmp($0.baseAddress!, other, $0.count)) }
    }
}
