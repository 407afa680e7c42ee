import ImageFormats
import Images

/// Many pictures on one, to look through.
enum ContactSheet {
  private static let cell = 64
  private static let most = 400

  /// At most 400 of the pictures, evenly taken, 64 pixels each, on a nearly square sheet.
  static func draw(_ files: [[UInt8]]) throws(PictureError) -> Picture {
    let count = min(files.count, most)
    let (columns, rows) = Grid.sides(for: count)
    var sheet = try Grid(columns: columns, rows: rows, cellWidth: cell, cellHeight: cell, background: 255)
    for place in 0..<count {
      let picture = try PictureReader.decode(files[place * files.count / count])
      sheet.place(picture.square(cell, fit: .stretch).pixels, at: place)
    }
    return sheet.picture
  }
}
