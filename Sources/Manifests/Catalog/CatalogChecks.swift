internal import EventModel
internal import JSONSchema

/// What a type's schema must be, and whether its example conforms. What is wrong is said at its place in the file.
enum CatalogChecks {
    /// - Parameter manifests: the folder of the manifest; a schema refers to no file outside of it.
    static func run(_ entry: inout CatalogEntry, manifests: String, _ path: String, _ reader: inout Reader) {
        guard let file = entry.schema else { return }
        var texts = [file.path: file.text]
        do throws(SchemaErrors) {
            let schema = try Schema(path: file.path, text: file.text) { reference in
                guard isInside(reference, manifests) else {
                    return .failure(SchemaFileError(message: "\(reference) is outside of the manifests' folder; put it beside them"))
                }
                switch reader.read(reference) {
                case .failure(let failure):
                    return .failure(SchemaFileError(message: "cannot read \(reference): \(failure.message)"))
                case .success(let text):
                    texts[reference] = text
                    entry.references.append(CatalogFile(path: reference, text: text))
                    return .success(text)
                }
            }
            guard let example = entry.example, let failure = validate(example, schema) else { return }
            reader.error(
                Position(file: example.path, byte: failure.offset, of: example.text), "\(path).example",
                "\(failure.pointer.isEmpty ? "the value" : failure.pointer) \(failure.message); \(file.path) says so")
        } catch {
            for problem in error.problems {
                reader.error(
                    Position(file: problem.path, byte: problem.offset, of: texts[problem.path] ?? []), "\(path).schema", problem.message)
            }
        }
    }

    private static func isInside(_ path: String, _ folder: String) -> Bool {
        if folder == "." { return !path.hasPrefix("/") && path != ".." && !path.hasPrefix("../") }
        return path.hasPrefix(folder.hasSuffix("/") ? folder : "\(folder)/")
    }

    private static func validate(_ example: CatalogFile, _ schema: Schema) -> SchemaFailure? {
        example.text.withUnsafeBytes { SchemaValidator().validate($0, schema) }
    }
}
