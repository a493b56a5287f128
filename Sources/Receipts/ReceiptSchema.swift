extension Receipt {
    /// The JSON Schema (draft 2020-12) of a receipt.
    public static let schema = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Receipt",
          "description": "One attempt to deliver one event, or a batch of them: the data of a CloudEvent of type fanfare.receipt. Later versions may have more members.",
          "type": "object",
          "required": ["subscription", "topic", "attempt", "result", "durationSeconds", "endpoint", "time", "count", "events"],
          "properties": {
            "subscription": { "type": "string" },
            "topic": { "type": "string", "description": "Of the events." },
            "webhookId": { "type": "string", "description": "The request's webhook-id; the same at every attempt of an event. Of a request that was not written, what it would be without another." },
            "attempt": { "type": "integer", "minimum": 1, "description": "1 for the first one; of a batch the highest of its events." },
            "result": { "enum": ["success", "retry", "refused"], "description": "As fanfare_attempts_total counts it." },
            "status": { "type": "integer", "minimum": 100, "description": "HTTP status; not there without an answer." },
            "failure": { "enum": ["network", "timeout", "tls", "egress-denied", "http", "poison", "window-late", "expired", "aborted", "removed", "redrive-loop"], "description": "The kind of a failure without an answer." },
            "message": { "type": "string", "description": "Why it failed, in one line; only of failures." },
            "durationSeconds": { "type": "number", "minimum": 0, "description": "From the request's first byte to the end of its answer; 0 where none was sent." },
            "endpoint": { "type": "string", "description": "Host, and port if the URL has one." },
            "time": { "type": "string", "format": "date-time", "description": "When the attempt ended." },
            "count": { "type": "integer", "minimum": 1, "description": "Events in the request." },
            "events": {
              "type": "array",
              "description": "In the order of the batch. Not all of them where they would be more than 64 KiB here.",
              "items": {
                "type": "object",
                "required": ["partition", "offset", "attempt"],
                "properties": {
                  "id": { "type": "string", "description": "Not there where the record is no event, or no request was made of it." },
                  "type": { "type": "string" },
                  "partition": { "type": "integer", "minimum": 0 },
                  "offset": { "type": "integer", "minimum": 0, "description": "Of a window the first of its offsets." },
                  "attempt": { "type": "integer", "minimum": 1, "description": "Of this event." },
                  "next": {
                    "type": "object",
                    "description": "What was decided about the event.",
                    "required": ["step"],
                    "properties": {
                      "step": {
                        "enum": ["delivered", "wait", "retry", "again", "in-line", "outage", "dead-letter", "dropped", "left"],
                        "description": "wait: in memory, until due. retry: in the retry topic, until due. again: at once, in a part of its batch. in-line: behind another event of its key. outage: until the endpoint takes events again. left: its partition or cursor went elsewhere, where it is sent again."
                      },
                      "due": { "type": "string", "format": "date-time" },
                      "retryPartition": { "type": "integer", "minimum": 0 },
                      "kind": { "type": "string", "description": "Of a dead letter: the failure kind." }
                    }
                  }
                }
              }
            }
          }
        }

        """
}
