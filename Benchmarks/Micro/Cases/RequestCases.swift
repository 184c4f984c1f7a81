internal import WebForms

/// Requests, from their bytes to their answers' bytes.
extension Case {
  static var requests: [Case] {
    let post = "message=" + message.split(separator: " ").joined(separator: "+")
    return [
      Case("target", unit: "request-target with a query", repetitions: 1000) {
        let text = "/stream?room=lobby&last_event_id=micro123-123456"
        return { repetitions in
          var found = 0
          for _ in 0..<repetitions {
            let target = try RequestTarget(text)
            found += target.relative(to: "/")?.count ?? 0
            found += target.query.first("room")?.utf8.count ?? 0
          }
          precondition(found == repetitions * 6, "a target was read wrongly")
        }
      },
      request("request-bare", "answer to a request with one field", "GET /healthz", []),
      request("request", "answer to a browser's request", "GET /healthz", browserFields),
      request(
        "post", "answer to a browser's post", "POST /post",
        browserFields + [
          "Content-Type: application/x-www-form-urlencoded", "Content-Length: \(post.utf8.count)",
        ], body: post, status: 204),
    ]
  }

  private static func request(
    _ name: String, _ unit: String, _ start: String, _ fields: [String], body: String = "",
    status: Int = 200
  ) -> Case {
    let lines = ["\(start) HTTP/1.1", "Host: 127.0.0.1:5000"] + fields
    let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    return Case(name, unit: unit, repetitions: 300) {
      let conversation = try Conversation()
      // The connection's opening, and what is made at the first request.
      try conversation.exchange(request, status: status, times: 10)
      return { try conversation.exchange(request, status: status, times: $0) }
    }
  }

  /// What Chromium sends beside `Host`, some 800 bytes.
  private static let browserFields = [
    "Connection: keep-alive",
    #"sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99""#,
    "sec-ch-ua-mobile: ?0",
    #"sec-ch-ua-platform: "Linux""#,
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
      + "Chrome/130.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
      + "image/apng,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-User: ?1",
    "Sec-Fetch-Dest: document",
    "Referer: http://127.0.0.1:5000/",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7",
    "Cache-Control: max-age=0",
  ]
}
