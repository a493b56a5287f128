/// The configuration and the manifests as they take effect: flags over the environment over the file over the defaults,
/// subscriptions over `defaults`. For people: without secrets, and with `${...}` as it is written.
package enum EffectiveFiles {
    /// The configuration.
    ///
    /// - Parameters: as for `ConfigurationLoader`, which found nothing wrong.
    package static func configuration(
        file: String?, environment: Environment, overrides: [(path: String, value: String)]
    ) -> JSON {
        let layers = layers(file, environment, overrides)
        let shown = Merge.value(ConfigurationCatalog.root.schema, layers, []) ?? [:]
        let defaults = layers.flatMap { $0.entries(named: "defaults") }
        return defaults.isEmpty ? shown : shown.appending("defaults", Merge.given(defaults, ["defaults"]))
    }

    /// The manifests of the folder, by their files.
    package static func manifests(
        folder: String, file: String?, environment: Environment, overrides: [(path: String, value: String)]
    ) -> [(file: String, content: JSON)] {
        let defaults = layers(file, environment, overrides).flatMap { $0.entries(named: "defaults") }
        var reader = Reader(environment: environment)
        let folder = FilePath.tidy(folder)
        guard case .success(let names) = reader.list(folder) else { return [] }
        return names.filter(ManifestLoader.isManifest).compactMap { name in
            let path = FilePath.join(folder, name)
            guard case .success(let bytes) = reader.read(path), let root = reader.document(path, bytes) else { return nil }
            var shown = Merge.value(TopicCatalog.section.schema, [root], []) ?? [:]
            let subscriptions = root.entries(named: "subscriptions").flatMap(\.members).map { entry in
                let layers = [entry.value] + defaults
                return JSON.Member(name: entry.key, value: Merge.value(SubscriptionCatalog.section.schema, layers, []) ?? [:])
            }
            shown = shown.appending("subscriptions", .object(subscriptions))
            return (path, shown)
        }
    }

    /// What says something, the strongest first.
    private static func layers(
        _ file: String?, _ environment: Environment, _ overrides: [(path: String, value: String)]
    ) -> [Node] {
        let leaves = ConfigurationCatalog.root.leaves
        let flags = overrides.map { path, value in
            let entries = leaves.first { $0.isMapping && path.hasPrefix($0.name + ".") }
            let parts = entries.map { $0.path + [String(path.dropFirst($0.name.utf8.count + 1))] } ?? path.split(separator: ".").map(String.init)
            return Node.outside(value, at: parts, "command line")
        }
        let variables = environment.variables.sorted { $0.key < $1.key }.compactMap { name, value in
            EnvironmentVariables.path(of: name).map { Node.outside(value, at: $0, "environment") }
        }
        var reader = Reader(environment: environment)
        let path = FilePath.tidy(file ?? ConfigurationLoader.defaultFile)
        guard case .success(let bytes) = reader.read(path), let root = reader.document(path, bytes) else { return flags.reversed() + variables }
        return flags.reversed() + variables + [root]
    }
}

/// Layers of nodes under the schema of what they are: its defaults come last.
private enum Merge {
    /// Nil where nothing is said, and there is no default.
    static func value(_ schema: JSON, _ layers: [Node], _ path: [String]) -> JSON? {
        if path == ["defaults"] { return nil }
        let layers = path.last == "window" ? Array(layers.prefix(1)) : layers
        if let first = layers.first, first.isNull { return .null }
        guard let properties = schema.properties(isGiven: !layers.isEmpty), layers.allSatisfy(\.isMapping) else {
            if schema["additionalProperties"]?.isObject == true || layers.count > 1 && layers.allSatisfy(\.isMapping) { return layers.isEmpty ? nil : given(layers, path) }
            return layers.first.map { shown($0, path) } ?? schema["default"]
        }
        let members = properties.compactMap { name, schema in
            value(schema, layers.flatMap { $0.entries(named: name) }, path + [name]).map { JSON.Member(name: name, value: $0) }
        }
        return members.isEmpty && layers.isEmpty ? nil : .object(members)
    }

    /// All that the layers say, of which there is one at least, without any defaults.
    static func given(_ layers: [Node], _ path: [String]) -> JSON {
        guard layers.allSatisfy(\.isMapping) else { return shown(layers[0], path) }
        var names: [String] = []
        for name in layers.reversed().flatMap(\.members).map(\.key) where !names.contains(name) { names.append(name) }
        return .object(names.map { name in
            JSON.Member(name: name, value: given(layers.flatMap { $0.entries(named: name) }, path + [name]))
        })
    }

    private static func shown(_ node: Node, _ path: [String]) -> JSON {
        switch node.content {
        case .refused: return .null
        case .mapping(let entries):
            return .object(entries.map { JSON.Member(name: $0.key, value: shown($0.value, path + [$0.key])) })
        case .list(let items): return .array(items.enumerated().map { shown($1, path + [String($0)]) })
        case .scalar(let scalar):
            if node.isNull { return .null }
            if path.last == "endpoint" { return .string(Redaction.shown(endpoint: scalar.text)) }
            let isSecret = SecretNames.mayBeSecret(path: path)
            if !isSecret, scalar.looksLikeNumberOrBoolean {
                if let number = Int(scalar.text), String(number) == scalar.text { return .int(number) }
                if let flag = Bool(scalar.text.lowercased()) { return .bool(flag) }
            }
            if scalar.style == .outside { return .string(isSecret ? Redaction.mask : Redaction.withoutCredentials(scalar.text)) }
            return .string(Redaction.shown(scalar.text, isSecret: isSecret))
        }
    }
}

extension Node {
    fileprivate var isMapping: Bool {
        if case .mapping = content { true } else { false }
    }

    fileprivate var members: [Entry] {
        if case .mapping(let entries) = content { entries } else { [] }
    }

    /// At most one, as a list to be put together with others.
    fileprivate func entries(named name: String) -> [Node] { members.filter { $0.key == name }.map(\.value) }

    /// A text from outside of files, inside of the mappings that lead to it.
    fileprivate static func outside(_ text: String, at path: [String], _ source: String) -> Node {
        let position = Position(file: source, line: 0, column: 0)
        return path.reversed().reduce(.outside(text, position)) { node, name in
            Node(position: position, content: .mapping([Entry(key: name, value: node)]))
        }
    }
}

extension JSON {
    fileprivate subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    fileprivate var isObject: Bool {
        if case .object = self { true } else { false }
    }

    /// The keys of a section; of one that may be left out only where it is given.
    fileprivate func properties(isGiven: Bool) -> [(String, JSON)]? {
        if case .object(let members)? = self["properties"] { return members.map { ($0.name, $0.value) } }
        guard isGiven, case .array(let choices)? = self["anyOf"] else { return nil }
        return choices.lazy.compactMap { $0.properties(isGiven: true) }.first
    }
}
