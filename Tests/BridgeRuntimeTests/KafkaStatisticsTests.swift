import BridgeRuntime
import DeliveryCore
import Testing

@Suite struct KafkaStatisticsTests {
    private func document(_ name: String, type: String = "consumer", brokers: String) -> String {
        #"{"name":"\#(name)","type":"\#(type)","ts":1,"brokers":{\#(brokers)},"topics":{"t":{"partitions":{}}}}"#
    }

    private func broker(_ id: Int, state: String = "UP", tx: Int = 10, rtt: String = #"{"avg":2500,"cnt":4}"#) -> String {
        #""b:9092/\#(id)":{"name":"b:9092/\#(id)","nodeid":\#(id),"state":"\#(state)","tx":\#(tx),"txerrs":1,"rxerrs":2,"req_timeouts":4,"disconnects":3,"rtt":\#(rtt)}"#
    }

    @Test func addsUpClientsOfAKindByBroker() {
        var statistics = KafkaStatistics()
        statistics.take(document("fanfare#consumer-1", brokers: broker(1)))
        statistics.take(document("fanfare#consumer-2", brokers: broker(1, state: "DOWN", tx: 5, rtt: #"{"avg":9000,"cnt":1}"#) + "," + broker(2, rtt: #"{"avg":0,"cnt":0}"#)))
        statistics.take(document("fanfare#producer-3", type: "producer", brokers: broker(1)))
        // The newest document of a client counts.
        statistics.take(document("fanfare#producer-3", type: "producer", brokers: broker(1, tx: 11)))
        let first = statistics.figures.first { $0.client == .consumer && $0.broker == "b:9092/1" }
        #expect(first?.connected == 1 && first?.requests == 15 && first?.failures == 14 && first?.disconnects == 6 && first?.roundTrip == 0.009)
        let second = statistics.figures.first { $0.broker == "b:9092/2" }
        #expect(second?.connected == 1 && second?.roundTrip == nil)
        #expect(statistics.figures.filter { $0.client == .producer }.map(\.requests) == [11])
        #expect(statistics.figures.count == 3)
    }

    @Test func leavesOutAddressesToBeginWithAndWhatIsNoSuchDocument() {
        var statistics = KafkaStatistics()
        statistics.take(document("fanfare#consumer-1", brokers: broker(-1)))
        for text in ["", "{}", "[1]", #"{"name":"x"}"#, #"{"name":"x","type":"admin","brokers":{}}"#, #"{"name":"x","type":"consumer","brokers":[1,2]}"#] {
            statistics.take(text)
        }
        #expect(statistics.figures == [])
    }
}
