internal import CRDKafka

/// Consumer groups as a whole.
extension ClusterAdmin {
    /// Deletes a group without members, with all its offsets. A group that does not exist is no error.
    public func deleteGroup(_ group: String) throws(KafkaError) {
        var request = rd_kafka_DeleteGroup_new(group)
        defer { rd_kafka_DeleteGroup_destroy(request) }
        try perform(RD_KAFKA_ADMIN_OP_DELETEGROUPS) { handle, options, queue in
            rd_kafka_DeleteGroups(handle, &request, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count)
            for index in 0..<count {
                guard let error = rd_kafka_group_result_error(results![index]) else { continue }
                let code = rd_kafka_error_code(error)
                if code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND { continue }
                throw KafkaError(code, "group \"\(group)\": \(String(cString: rd_kafka_error_string(error)))")
            }
        }
    }
}
