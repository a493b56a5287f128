import Filters
import FoundationEssentials

/// The catalog of filters as `fanfare schema filters` prints it; docs/FILTERS.md is made of it.
enum FilterCatalogJSON {
    private struct Catalog: Encodable {
        var kinds: [Guide]
        var patternItems: [Guide]
    }

    private struct Guide: Encodable {
        var name: String
        var matches: String
        var cost: String
        var examples: [Example]

        init(_ guide: FilterGuide) {
            name = guide.name
            matches = guide.summary
            cost = guide.cost
            examples = guide.examples.map { Example(filter: $0.filter, event: $0.event, matches: $0.matches) }
        }
    }

    private struct Example: Encodable {
        /// JSON, as text.
        var filter: String
        var event: String
        var matches: Bool
    }

    static var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let catalog = Catalog(kinds: FilterGuide.kinds.map(Guide.init), patternItems: FilterGuide.patternItems.map(Guide.init))
            return String(decoding: try encoder.encode(catalog), as: UTF8.self)
        }
    }
}
