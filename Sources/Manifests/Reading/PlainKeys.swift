internal import Yams

/// Finds keys that are not text in the tree of a text whose aliases were made plain scalars.
struct PlainKeys {
    struct Place: Hashable {
        var line: Int
        var column: Int
    }

    /// Where the text has a `*`: a key that begins there is an alias.
    private let stars: Set<Place>

    init(_ text: String) { stars = SourceText.places(of: "*", in: text) }

    func firstThatIsNone(in node: Yams.Node) -> Place? {
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                let place = Place(line: key.mark?.line ?? 1, column: key.mark?.column ?? 1)
                if key.scalar == nil || stars.contains(place) { return place }
                if let found = firstThatIsNone(in: value) { return found }
            }
            return nil
        case .sequence(let sequence):
            for item in sequence {
                if let found = firstThatIsNone(in: item) { return found }
            }
            return nil
        default: return nil
        }
    }
}
