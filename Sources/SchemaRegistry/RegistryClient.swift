import Avro
public import EventFormats
public import EventModel
import HTTPTransport

/// Asks a schema registry (Confluent's API, which others have too) what a schema is. Waits for the answers; not for shards.
public struct RegistryClient: Sendable {
    /// What asking once came to.
    public enum Finding: Sendable {
        case found(SchemaAnswer)
        /// The registry does not have it.
        case unknown(reason: String)
        /// No answer, or none that says anything about the schema: worth asking again.
        case failed(reason: String)
    }

    /// Schemas that one schema may be made of, all levels together.
    private static let maximumReferences = 200

    private let base: String
    private let http: BlockingRequest

    public init(_ configuration: BridgeConfiguration.SchemaRegistry) {
        base = configuration.url.last == "/" ? String(configuration.url.dropLast()) : configuration.url
        var http = BlockingRequest()
        http.headers = ["Accept: application/vnd.schemaregistry.v1+json, application/json", "User-Agent: fanfare/\(fanfareVersion)"]
        if let basic = configuration.basic {
            http.headers.append("Authorization: Basic \("\(basic.username):\(basic.password)".base64Encoded)")
        } else if let bearer = configuration.bearer {
            http.headers.append("Authorization: Bearer \(bearer.token)")
        }
        http.caFile = configuration.ca
        http.maximumBody = 4 << 20
        self.http = http
    }

    /// What the schema of this id is; waits for as long as a request may take, and one more for each schema that it refers to.
    public func ask(_ id: ConfluentFrame.SchemaID) -> Finding {
        do throws(Failure) {
            let schema = try get("/schemas/ids/\(id)")
            switch schema.type {
            case "AVRO": return .found(try avro(schema, id))
            case "JSON": return .found(.json)
            default:
                let name = schema.type == "PROTOBUF" ? "Protobuf" : "of a type that is not known here"
                return .found(.refused("the value is \(name) (schema \(id) of the registry); only Avro and JSON Schema are read: set event.framing: none to deliver its bytes as they are"))
            }
        } catch {
            switch error {
            case .unknown(let reason): return .unknown(reason: reason)
            case .other(let reason): return .failed(reason: reason)
            }
        }
    }

    /// Why it does not answer as a schema registry; nil when it does.
    public func obstacle() -> String? {
        // Most have a schema with this id, and none need to: an answer that says so is one.
        if case .failed(let reason) = ask(ConfluentFrame.SchemaID(1)) { reason } else { nil }
    }

    private enum Failure: Error {
        case unknown(String)
        case other(String)
    }

    private func avro(_ schema: RegisteredSchema, _ id: ConfluentFrame.SchemaID) throws(Failure) -> SchemaAnswer {
        var references: [[UInt8]] = []
        do throws(ReferenceProblem) {
            var seen: Set<SchemaReference> = []
            try collect(schema.references, into: &references, &seen)
        } catch {
            switch error {
            case .failed(let reason): throw .other(reason)
            case .missing(let reference):
                throw .unknown("schema \(id) refers to version \(reference.version) of subject \(reference.subject), which the schema registry does not have")
            case .tooMany: return .refused("schema \(id) of the registry refers to more than \(Self.maximumReferences) others")
            }
        }
        do throws(AvroSchemaError) {
            return .decoder(AvroPayloadDecoder(schema: try AvroSchema(schema.text, references: references)))
        } catch {
            return .refused("schema \(id) of the registry cannot be used: \(error)")
        }
    }

    // MARK: References

    private enum ReferenceProblem: Error {
        case failed(String)
        case missing(SchemaReference)
        case tooMany
    }

    /// Each schema once, before those that use it.
    private func collect(
        _ references: [SchemaReference], into texts: inout [[UInt8]], _ seen: inout Set<SchemaReference>
    ) throws(ReferenceProblem) {
        for reference in references where seen.insert(reference).inserted {
            guard seen.count <= Self.maximumReferences else { throw .tooMany }
            let schema: RegisteredSchema
            do throws(Failure) {
                schema = try get("/subjects/\(reference.subject.percentEncoded)/versions/\(reference.version)")
            } catch {
                switch error {
                case .unknown: throw .missing(reference)
                case .other(let reason): throw .failed(reason)
                }
            }
            try collect(schema.references, into: &texts, &seen)
            texts.append(schema.text)
        }
    }

    // MARK: Requests

    private func get(_ path: String) throws(Failure) -> RegisteredSchema {
        let response: BlockingRequest.Response
        do throws(BlockingRequest.Failure) {
            response = try http.response(of: base + path)
        } catch {
            throw .other("\(base) does not answer: \(error)")
        }
        switch response.status {
        case 200:
            guard let schema = RegisteredSchema(response.body) else { throw .other("\(base) does not answer as a schema registry: is its URL right?") }
            return schema
        case 404 where RegistryError(response.body) != nil: throw .unknown("the schema registry does not have the schema with which the value was written (\(path))")
        case 404: throw .other("\(base) answers 404, but not as a schema registry: is its URL right?")
        case 401, 403: throw .other("\(base) answers \(response.status): are schemaRegistry.basic or schemaRegistry.bearer right?")
        default: throw .other("\(base) answers \(response.status)")
        }
    }
}

/// Values of one Avro schema.
private struct AvroPayloadDecoder: PayloadDecoder {
    let schema: AvroSchema

    func append(_ payload: UnsafeRawBufferPointer, to writer: ByteWriter) throws(PoisonReason) {
        do throws(AvroError) {
            try AvroDecoder.append(payload, of: schema, to: writer)
        } catch {
            // Places in the record's value, as people see it.
            var error = error
            error.offset += ConfluentFrame.length
            throw PoisonReason("\(error)")
        }
    }
}
