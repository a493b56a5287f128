public import EventModel
import Signing

extension Subscription {
    /// Changes when the subscription's manifest does, and stays the same across restarts and versions of the program.
    ///
    /// Only what deviates from the defaults counts, so that a key that a later version adds changes nothing; of a section that
    /// is optional also that it is given. Secrets, the contents of files and the values of headers are left out: their rotation is
    /// no answer to a suspension, and a digest that is stored must not help anybody to guess them.
    public var manifestDigest: String {
        var shown = self
        shown.auth = auth.withoutSecrets
        shown.confidential = []
        shown.headers = headers.map { HeaderField(name: $0.name, value: "") }
        shown.headerTemplates = headerTemplates.map { HeaderField(name: $0.name, value: "") }
        let defaults = Subscription(name: "", topic: "", endpoint: "")
        return TextDigest.sha256(Self.deviations(of: shown, from: defaults).joined(separator: "\n"))
    }

    /// The sections that may be left out, as they are when they are given and empty. A window's shape has no default; no
    /// manifest's is this one.
    private static let optionalSections: [String: any Sendable] = [
        ".rateLimit": RateLimit(), ".batch": BatchPolicy(), ".window": WindowPolicy(shape: .tumbling(size: .zero)),
        ".auth.basic": AuthPolicy.Basic(), ".auth.bearer": AuthPolicy.Bearer(), ".auth.apiKey": AuthPolicy.APIKey(),
        ".auth.oauth2": AuthPolicy.OAuth2(), ".auth.mtls": AuthPolicy.MutualTLS(),
    ]

    /// `path=value` of every property that differs, in the order of declaration.
    private static func deviations(of value: Any, from reference: Any, path: String = "") -> [String] {
        let properties = Mirror(reflecting: value)
        if let empty = optionalSections[path], let section = properties.children.first?.value, properties.displayStyle == .optional {
            return ["\(path) is given"] + deviations(of: section, from: empty, path: path)
        }
        guard properties.displayStyle == .struct, !properties.children.isEmpty, !(value is PEMFile) else {
            let text = canonical(value)
            return text == canonical(reference) ? [] : ["\(path)=\(text)"]
        }
        let references = Dictionary(uniqueKeysWithValues: Self.properties(of: Mirror(reflecting: reference)))
        return Self.properties(of: properties).flatMap { name, value in
            deviations(of: value, from: references[name] ?? (), path: "\(path).\(name)")
        }
    }

    /// A property that is boxed counts as if it were not.
    private static func properties(of mirror: Mirror) -> [(String, Any)] {
        mirror.children.map { child in
            let label = child.label ?? ""
            guard let boxed = child.value as? any AnyBoxed else { return (label, child.value) }
            return (String(label.dropFirst()), boxed.content)
        }
    }

    /// A set has no order of its own, and prints in another one in each process.
    private static func canonical(_ value: Any) -> String {
        if let signing = value as? SigningPolicy { return signing.shapeForDigest }
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .set else { return String(reflecting: value) }
        return mirror.children.map { String(reflecting: $0.value) }.sorted().description
    }
}

extension SigningPolicy {
    /// How it is signed, however many secrets there are just now. What was there from the beginning keeps its text.
    fileprivate var shapeForDigest: String {
        guard case .signed(let method) = self else { return String(reflecting: self) }
        var text = "EventModel.SigningPolicy.standard(secrets: [\"\"])"
        if method.scheme != .standard { text += " \(method.scheme.rawValue)" }
        if !method.keys.isEmpty { text += method.secrets.isEmpty ? " by keys alone" : " and by keys" }
        return text
    }
}
