import HTTPTypes
package import Manifests

/// The operations as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0).
package enum OpenAPIDocument {
    package static func json(version: String) -> JSON {
        [
            "openapi": "3.1.0",
            "info": ["title": "Fanfare operations", "version": .string(version), "description": .string(text)],
            "tags": tags, "paths": paths, "components": ["schemas": .object(schemas), "securitySchemes": securitySchemes],
        ]
    }

    private static let text = """
        Figures and control of a bridge. Without ops.tokens only callers on the bridge's machine are answered, and need no token. \
        Errors are application/problem+json; parameters and members of bodies that are not known are refused.
        """

    /// Of what operations are sorted by.
    package static var tags: JSON {
        .array(Operation.Tag.allCases.map { ["name": .string($0.rawValue), "description": .string($0.text)] })
    }

    package static var paths: JSON {
        var paths: [JSON.Member] = []
        for operation in OperationTable.all {
            let member = JSON.Member(name: operation.method.rawValue.lowercased(), value: json(operation))
            if let index = paths.firstIndex(where: { $0.name == operation.path }) {
                paths[index].value = paths[index].value.appending(member.name, member.value)
            } else {
                paths.append(.init(name: operation.path, value: .object([member])))
            }
        }
        return .object(paths)
    }

    package static var securitySchemes: JSON {
        ["token": ["type": "http", "scheme": "bearer", "description": "One of ops.tokens; the roles are viewer and operator."]]
    }

    /// By name, each once.
    package static var schemas: [JSON.Member] {
        var members: [String: JSON] = [:]
        func add(_ component: Component) {
            precondition(members[component.name] == nil || members[component.name] == component.schema, "two schemas are named \(component.name)")
            members[component.name] = component.schema
            component.uses.forEach(add)
        }
        add(Problem.shape.component)
        for operation in OperationTable.all {
            if let document = operation.document { add(document) }
            operation.answer.uses.forEach(add)
        }
        return members.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }
    }

    private static func json(_ operation: Operation) -> JSON {
        var members: [JSON.Member] = [
            .init(name: "operationId", value: .string(operation.id)), .init(name: "tags", value: [.string(operation.tag.rawValue)]),
            .init(name: "summary", value: .string(operation.summary)),
        ]
        if !operation.text.isEmpty { members.append(.init(name: "description", value: .string(operation.text))) }
        members.append(.init(name: "security", value: security(operation.access)))
        let parameters = operation.inputs.filter { $0.place != .body }.map { input -> JSON in
            [
                "name": .string(input.name), "in": .string(input.place.rawValue), "required": .bool(input.isRequired),
                "description": .string(input.text), "schema": input.schema,
            ]
        }
        if !parameters.isEmpty { members.append(.init(name: "parameters", value: .array(parameters))) }
        if operation.hasBody { members.append(.init(name: "requestBody", value: body(operation))) }
        members.append(.init(name: "responses", value: responses(operation)))
        return .object(members)
    }

    private static func security(_ access: Operation.Access) -> JSON {
        switch access {
        case .anybody, .page: []
        case .figures, .viewer: [["token": ["viewer"]]]
        case .operators: [["token": ["operator"]]]
        }
    }

    private static func body(_ operation: Operation) -> JSON {
        if let document = operation.document { return ["required": true, "content": ["application/json": ["schema": document.reference]]] }
        let inputs = operation.inputs(.body)
        let required = inputs.filter(\.isRequired).map { JSON.string($0.name) }
        var schema: JSON = [
            "type": "object", "additionalProperties": false,
            "properties": .object(inputs.map { JSON.Member(name: $0.name, value: $0.schema) }),
        ]
        if !required.isEmpty { schema = schema.appending("required", .array(required)) }
        return ["required": .bool(!required.isEmpty), "content": ["application/json": ["schema": schema]]]
    }

    private static func responses(_ operation: Operation) -> JSON {
        let contents = operation.answer.contents.map { JSON.Member(name: $0.type, value: ["schema": $0.schema]) }
        func success(_ text: String) -> JSON {
            let response: JSON = ["description": .string(text)]
            return contents.isEmpty ? response : response.appending("content", .object(contents))
        }
        var responses: [JSON.Member] = [.init(name: "\(operation.answer.status.code)", value: success(operation.answer.text))]
        if let created = operation.answer.created { responses.append(.init(name: "201", value: success(created))) }
        for (status, text, headers) in problems(of: operation).sorted(by: { $0.status.code < $1.status.code }) {
            var response: JSON = ["description": .string(text)]
            if !headers.isEmpty { response = response.appending("headers", .object(headers)) }
            let isProbe = operation.access == .anybody
            let content: JSON = isProbe ? ["text/plain": ["schema": ["type": "string"]]] : [Problem.mediaType: ["schema": Problem.shape.component.reference]]
            responses.append(.init(name: "\(status.code)", value: response.appending("content", content)))
        }
        return .object(responses)
    }

    private typealias Documented = (status: HTTPResponse.Status, text: String, headers: [JSON.Member])

    private static func problems(of operation: Operation) -> [Documented] {
        var problems: [Documented] = operation.problems.map { ($0.status, $0.text, []) }
        // What a probe is asked with besides its path is refused too, but not by its kind of answer.
        guard operation.access != .anybody else { return problems }
        func header(_ name: String, _ text: String, _ type: JSON) -> JSON.Member {
            .init(name: name, value: ["description": .string(text), "required": true, "schema": ["type": type]])
        }
        problems += [
            (.badRequest, "A parameter or the body is wrong; `errors` says which.", []),
            (.forbidden, "The caller may not do this.", []),
            (.tooManyRequests, "Too many requests: ops.rateLimit.", [header("Retry-After", "In seconds.", "integer")]),
        ]
        if operation.access != .page {
            problems.append((.unauthorized, "A token is missing or not known.", [header("WWW-Authenticate", "Bearer.", "string")]))
        }
        if !operation.inputs(.path).isEmpty { problems.append((.notFound, "There is none of this name.", [])) }
        if operation.hasBody {
            problems += [
                (.contentTooLarge, "The body is larger than \(OpsResponder.maximumBody) bytes.", []),
                (.unsupportedMediaType, "The body is not application/json.", []),
            ]
        }
        return problems
    }
}
