import ArgumentParser
import Manifests

struct Schema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the JSON Schemas of topic manifests and of the configuration.",
        discussion: "Editors complete and check with them: `fanfare schema manifest > topics/schema.json`.")

    enum Document: String, ExpressibleByArgument, CaseIterable {
        case manifest
        case config
        case asyncapi
        case openapi
        case filters
    }

    @Argument(help: "manifest (a file of topics/), config (fanfare.yaml), or filters (kinds of filters, with examples; no schema).")
    var document: Document

    func validate() throws {
        if document == .asyncapi || document == .openapi {
            throw ValidationError("\(document) is not available yet; there are: manifest, config, filters")
        }
    }

    func run() async throws {
        switch document {
        case .manifest: print(manifestSchema(), terminator: "")
        case .config: print(configurationSchema(), terminator: "")
        case .filters: print(try FilterCatalogJSON.text)
        case .asyncapi, .openapi: break
        }
    }
}
