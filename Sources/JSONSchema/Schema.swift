/// A JSON Schema (draft-07), compiled once and run over many texts. `format` says something to people and is not checked, as
/// are keywords that are not draft-07's.
public struct Schema: Sendable {
    let nodes: [SchemaNode]

    /// Compiles a schema and what it refers to.
    ///
    /// - Parameters:
    ///   - path: where `text` comes from; references to other files are relative to its folder.
    ///   - text: a JSON text.
    ///   - read: gets a file that is referred to, or says why it cannot be had, as a whole clause.
    /// - Throws: all that is wrong.
    public init(
        path: String, text: [UInt8], read: (_ path: String) -> Result<[UInt8], SchemaFileError>
    ) throws(SchemaErrors) {
        nodes = try SchemaCompiler.compile(path, text, read)
    }
}

/// Why a file that a schema refers to cannot be used.
public struct SchemaFileError: Error {
    public var message: String
    public init(message: String) { self.message = message }
}

/// All that is wrong with a schema; never empty.
public struct SchemaErrors: Error {
    public var problems: [SchemaProblem]
}

public struct SchemaProblem: Sendable, Equatable {
    public var path: String
    /// In bytes from the beginning of that file.
    public var offset: Int
    /// A clause that says what is wrong, and with which keyword.
    public var message: String
}
