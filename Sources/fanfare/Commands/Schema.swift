import ArgumentParser
import Descriptions
import EventModel
import Manifests
import OpsServer
import Receipts

struct Schema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the JSON Schemas of the files, and descriptions of what receivers get.",
        discussion: """
            Editors complete and check with the schemas: `fanfare schema manifest > topics/schema.json`.

            asyncapi and openapi describe the deliveries of the manifests' subscriptions, with the schemas of their catalogs:
            headers, bodies, and what answers mean. Receivers make code of them, and documentation. Without --subscription,
            openapi also has the bridge's own API under paths, as its /openapi.json has.
            """)

    enum Document: String, ExpressibleByArgument, CaseIterable {
        case manifest
        case config
        case asyncapi
        case openapi
        case filters
        case receipt
    }

    @Argument(help: "manifest (a file of topics/), config (fanfare.yaml), filters (kinds of filters, with examples; no schema), receipt (what is recorded of an attempt), asyncapi (AsyncAPI 3.0), or openapi (OpenAPI 3.1).")
    var document: Document

    @Option(help: ArgumentHelp("Only this subscription, of asyncapi and openapi; may be repeated.", valueName: "name"))
    var subscription: [String] = []

    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        guard subscription.isEmpty || document == .asyncapi || document == .openapi else {
            throw ValidationError("--subscription is for asyncapi and openapi")
        }
    }

    func run() async throws {
        switch document {
        case .manifest: print(manifestSchema(), terminator: "")
        case .config: print(configurationSchema(), terminator: "")
        case .receipt: print(Receipt.schema, terminator: "")
        case .filters: print(try FilterCatalogJSON.text)
        case .asyncapi: print(asyncAPI(try topics(), version: fanfareVersion), terminator: "")
        case .openapi:
            // Who asks for one subscription has no use for the bridge's own API.
            let operations = subscription.isEmpty ? OpenAPIDocument.operations : nil
            print(openAPI(try topics(), version: fanfareVersion, operations: operations), terminator: "")
        }
    }

    /// Those with the subscriptions that were asked for, and no others.
    private func topics() throws -> [TopicManifest] {
        var topics = try options.usableManifests().manifests.topics
        if subscription.isEmpty { return topics }
        let known = topics.flatMap(\.subscriptions).map(\.name)
        for name in subscription where !known.contains(name) {
            throw Failed("there is no subscription \(name); there are: \(known.sorted().joined(separator: ", "))")
        }
        for i in topics.indices { topics[i].subscriptions.removeAll { !subscription.contains($0.name) } }
        return topics
    }
}

extension OpenAPIDocument {
    fileprivate static var operations: DescribedOperations {
        DescribedOperations(tags: tags, paths: paths, schemas: schemas, securitySchemes: securitySchemes)
    }
}
