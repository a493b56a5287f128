import DeliveryCore
import EventModel
import Glibc
import OpsServer
import Testing

private let view = MetricView(
    core: .example, isReady: true, process: .read(), version: "1.2.3", startedAt: WallTime(milliseconds: 1_700_000_000_000),
    now: WallTime(milliseconds: 1_700_000_130_500))

private func page(_ format: MetricFormat) -> String { String(decoding: MetricCatalog.render(view, format: format), as: UTF8.self) }

@Suite struct `The metrics` {
    @Test func `have the names that dashboards rely on`() {
        let names = Set(MetricCatalog.all.map(\.fullName))
        let promised = [
            "records_consumed_total", "events_routed_total", "filter_errors_total", "deprecated_deliveries_total", "token_requests_total", "attempts_total", "attempt_duration_seconds", "event_delay_seconds",
            "deliveries_total", "retries_scheduled_total", "dead_letters_total", "duplicates_possible_total", "lag_records",
            "lag_seconds", "in_flight", "circuit_state", "suspended", "ring_bytes", "record_bytes", "commit_duration_seconds",
            "rebalances_total", "build_info",
        ]
        for name in promised { #expect(names.contains("fanfare_" + name)) }
        #expect(names.count == MetricCatalog.all.count, "a name stands twice in the catalog")
    }

    @Test func `say what each subscription does`() {
        let text = page(.prometheus)
        for line in [
            #"fanfare_events_routed_total{subscription="billing"} 100"#,
            #"fanfare_filter_errors_total{subscription="billing"} 3"#,
            #"fanfare_attempts_total{subscription="billing",result="success"} 95"#,
            #"fanfare_attempts_total{subscription="billing",result="retry"} 4"#,
            #"fanfare_dead_letters_total{subscription="billing",kind="http"} 1"#,
            #"fanfare_dead_letters_total{subscription="shipping",kind="http"} 0"#,
            #"fanfare_lag_records{subscription="billing",topic="shop.orders",partition="0"} 11"#,
            #"fanfare_lag_seconds{subscription="billing"} 30.5"#,
            #"fanfare_retention_remaining_seconds{subscription="billing"} 21600.0"#,
            #"fanfare_retention_remaining_ratio{subscription="billing"} 0.25"#,
            #"fanfare_certificate_expiry_timestamp_seconds{subscription="billing"} 4102444800"#,
            #"fanfare_circuit_state{subscription="shipping"} 2"#,
            #"fanfare_suspended{subscription="billing"} 0"#,
            #"fanfare_unread_records{topic="shop.orders",partition="0"} 10"#,
            #"fanfare_validations_total{topic="shop.orders",result="rejected"} 2"#,
            "fanfare_ready 1",
            #"fanfare_diversions_refused_total{subscription="billing"} 2"#,
            #"fanfare_build_info{version="1.2.3"} 1"#,
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        // Unknown is no sample, not a zero that would silence an alert.
        #expect(!text.contains(#"fanfare_lag_seconds{subscription="shipping"}"#))
        #expect(!text.contains(#"fanfare_retention_remaining_ratio{subscription="shipping"}"#))
        #expect(!text.contains(#"fanfare_certificate_expiry_timestamp_seconds{subscription="shipping"}"#))
        #expect(!text.contains(#"fanfare_unread_records{topic="shop.orders",partition="1"}"#))
    }

    @Test func `escape label values`() {
        #expect(page(.prometheus).contains(#"owner="team \"billing\" \\ money\nmatters"} 1"#))
    }

    @Test func `count a histogram's buckets upwards`() {
        let lines = page(.prometheus).split(separator: "\n").filter {
            $0.hasPrefix("fanfare_attempt_duration_seconds") && $0.contains(#"subscription="billing""#)
        }
        let name = "fanfare_attempt_duration_seconds"
        #expect(lines.first == #"\#(name)_bucket{subscription="billing",le="0.001"} 1"#)
        #expect(lines.contains(#"\#(name)_bucket{subscription="billing",le="0.005"} 3"#))
        #expect(lines.contains(#"\#(name)_bucket{subscription="billing",le="1.0"} 4"#))
        #expect(lines.contains(#"\#(name)_bucket{subscription="billing",le="+Inf"} 5"#))
        #expect(lines.contains(#"\#(name)_count{subscription="billing"} 5"#))
        #expect(lines.contains { $0.hasPrefix(#"\#(name)_sum{subscription="billing"} 99.70"#) })
    }

    @Test(arguments: [MetricFormat.prometheus, .openMetrics])
    func `are families of samples under their own help and type`(format: MetricFormat) throws {
        var family = ""
        var families: Set<Substring> = []
        var allSeries: Set<Substring> = []
        var lines = page(format).split(separator: "\n")
        if format == .openMetrics { #expect(lines.removeLast() == "# EOF") }
        for line in lines {
            if line.hasPrefix("#") {
                let words = line.split(separator: " ", maxSplits: 3)
                try #require(words.count == 4, "\(line)")
                if words[1] == "HELP" {
                    #expect(families.insert(words[2]).inserted, "\(words[2]) comes twice")
                    family = String(words[2])
                }
                #expect(words[2] == family)
            } else {
                #expect(line.hasPrefix(family), "\(line) under \(family)")
                let end = try #require(line.lastIndex(of: " "))
                let series = line[..<end]
                #expect(allSeries.insert(series).inserted, "\(series) comes twice")
                #expect(Double(line.split(separator: " ").last ?? "") != nil, "\(line)")
            }
        }
    }

    @Test func `name families in OpenMetrics without the samples' suffix, and their units`() {
        let text = page(.openMetrics)
        #expect(text.contains("# TYPE fanfare_attempts counter\n"))
        #expect(text.contains("# TYPE fanfare_build info\n"))
        #expect(text.contains("# UNIT fanfare_event_delay_seconds seconds\n"))
        #expect(text.contains("# UNIT process_cpu_seconds seconds\nprocess_cpu_seconds_total "))
    }

    @Test func `tell of this process`() {
        let figures = ProcessFigures.read()
        #expect(figures.residentBytes > 1 << 20)
        #expect(figures.virtualBytes >= figures.residentBytes)
        #expect(figures.threads >= 1)
        #expect(figures.openDescriptors >= 1)
        #expect(figures.maxDescriptors >= figures.openDescriptors)
    }

    @Test func `come in OpenMetrics only to whom prefers it`() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        #expect(MetricFormat.negotiate(accept: prometheus) == .openMetrics)
        #expect(MetricFormat.negotiate(accept: "application/openmetrics-text; version=1.0.0; charset=utf-8") == .openMetrics)
        #expect(MetricFormat.negotiate(accept: nil) == .prometheus)
        #expect(MetricFormat.negotiate(accept: "*/*") == .prometheus)
        #expect(MetricFormat.negotiate(accept: "text/plain, application/openmetrics-text;q=0.5") == .prometheus)
        #expect(MetricFormat.negotiate(accept: "application/openmetrics-text;q=0") == .prometheus)
        #expect(MetricFormat.negotiate(accept: "application/openmetrics-text;version=2.0.0") == .prometheus)
    }

    /// The tool of the Prometheus project (Debian: package prometheus) parses the page and complains about bad names.
    @Test func `satisfy promtool`() throws {
        guard let tool = promtool() else {
            print("skipped: no promtool")
            return
        }
        let path = "/tmp/fanfare-metrics-\(getpid()).txt"
        let file = try #require(fopen(path, "w"))
        let bytes = MetricCatalog.render(view, format: .prometheus)
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        defer { unlink(path) }
        let pipe = try #require(popen("'\(tool)' check metrics <'\(path)' 2>&1", "r"))
        var output = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += String(decoding: buffer[..<count], as: UTF8.self) }
        #expect(pclose(pipe) == 0, "\(output)")
        #expect(output.isEmpty, "\(output)")
    }

    private func promtool() -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").map { "\($0)/promtool" }.first { access($0, X_OK) == 0 }
    }
}
