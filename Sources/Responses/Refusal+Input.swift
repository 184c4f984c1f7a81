package import Reactor
package import WebForms

// What is answered to input that can't be read.

extension Refusal {
  /// The answer to a form that can't be read.
  package init(_ error: FormError) {
    switch error {
    case .unsupportedMediaType:
      self.init(
        .unsupportedMediaType,
        "a form must be application/x-www-form-urlencoded or multipart/form-data")
    case .invalidUTF8: self.init(.badRequest, "a field is not valid UTF-8")
    case .tooManyFields:
      self.init(.badRequest, "there are more than \(FormFields.maximumFields) fields")
    case .malformed: self.init(.badRequest, "the form is malformed")
    }
  }

  /// The answer to a target that names nothing.
  package init(_ error: RequestTargetError) {
    switch error {
    case .notOriginForm: self.init(.badRequest, "the target must begin with /")
    case .invalidEscape: self.init(.badRequest, "a % must be followed by two hex digits")
    case .nullByte: self.init(.badRequest, "the path contains a NUL byte")
    case .invalidUTF8: self.init(.badRequest, "the path is not valid UTF-8")
    case .dotSegment: self.init(.badRequest, "the path contains a . or .. segment")
    case .query(let error): self.init(error)
    }
  }
}

extension FormFields {
  /// The fields of a request's body.
  package init(of request: HTTPRequest) throws(Refusal) {
    do throws(FormError) {
      try self.init(contentType: request.head["Content-Type"], body: request.body)
    } catch {
      throw Refusal(error)
    }
  }
}

extension RequestTarget {
  /// The target of a request.
  package init(of request: HTTPRequest) throws(Refusal) {
    do throws(RequestTargetError) {
      try self.init(request.head.target)
    } catch {
      throw Refusal(error)
    }
  }
}
