/// The files of the console, which are part of the program: `.embedInCode` in Package.swift makes constants of them.
enum ConsoleAssets {
    struct Asset: Sendable {
        let name: String
        let type: String
        let bytes: [UInt8]
    }

    static let page = Asset(name: "index.html", type: "text/html; charset=utf-8", bytes: PackageResources.index_html)

    /// What the page refers to, by name.
    static let parts: [Asset] = [
        Asset(name: "console.css", type: "text/css; charset=utf-8", bytes: PackageResources.console_css),
        Asset(name: "icon.svg", type: "image/svg+xml", bytes: PackageResources.icon_svg),
        script("chart.js", PackageResources.chart_js), script("configuration.js", PackageResources.configuration_js),
        script("connection.js", PackageResources.connection_js), script("deadletters.js", PackageResources.deadletters_js),
        script("deliveries.js", PackageResources.deliveries_js), script("dialog.js", PackageResources.dialog_js),
        script("dom.js", PackageResources.dom_js), script("explain.js", PackageResources.explain_js), script("flow.js", PackageResources.flow_js),
        script("format.js", PackageResources.format_js), script("health.js", PackageResources.health_js),
        script("jobs.js", PackageResources.jobs_js), script("main.js", PackageResources.main_js),
        script("overview.js", PackageResources.overview_js), script("replay.js", PackageResources.replay_js), script("store.js", PackageResources.store_js),
        script("subscription.js", PackageResources.subscription_js),
    ]

    private static func script(_ name: String, _ bytes: [UInt8]) -> Asset { Asset(name: name, type: "text/javascript; charset=utf-8", bytes: bytes) }
}
