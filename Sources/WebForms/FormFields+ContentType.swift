extension FormFields {
  /// Reads a request's body by its `Content-Type`: url-encoded or multipart.
  ///
  /// Without a type, or of another one, an empty body has no fields and any other throws
  /// `.unsupportedMediaType`. A `charset` is not looked at: forms are UTF-8 (WHATWG HTML 4.10.22).
  package init(contentType: String?, body: [UInt8]) throws(FormError) {
    let type = contentType.flatMap(MediaType.init)
    switch type?.essence {
    case "application/x-www-form-urlencoded":
      try self.init(urlEncoded: body)
    case "multipart/form-data":
      guard let boundary = type?.parameter("boundary") else { throw .malformed }
      try self.init(multipart: body, boundary: boundary)
    default:
      guard body.isEmpty else { throw .unsupportedMediaType }
      self.init()
    }
  }
}
