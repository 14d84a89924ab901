/** Pixels of a picture that is drawn without shapes; coordinates are the canvas's own. */

/** A part of the picture; `right` and `bottom` are just outside. */
export interface Part {
  left: number
  top: number
  right: number
  bottom: number
}

export class Raster {
  readonly image: ImageData
  private readonly pixels: Uint32Array

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.image = new ImageData(width, height)
    this.pixels = new Uint32Array(this.image.data.buffer)
  }

  get whole(): Part {
    return { left: 0, top: 0, right: this.width, bottom: this.height }
  }

  clear(part: Part, paper: number): void {
    for (let y = part.top; y < part.bottom; y += 1)
      this.pixels.fill(paper, y * this.width + part.left, y * this.width + part.right)
  }

  /** Moves the picture by whole pixels; answers the parts that must be drawn anew, at most two. */
  shift(right: number, down: number): Part[] {
    const { width, height, pixels } = this
    const by = down * width + right
    if (by > 0) pixels.copyWithin(by, 0, pixels.length - by)
    else pixels.copyWithin(0, -by)
    const bare: Part[] = []
    if (down > 0) bare.push({ ...this.whole, bottom: down })
    else if (down < 0) bare.push({ ...this.whole, top: height + down })
    if (right > 0) bare.push({ ...this.whole, right })
    else if (right < 0) bare.push({ ...this.whole, left: width + right })
    return bare
  }

  /** A level run from `from` to `to`, both included, as far as it lies in the part. */
  run(part: Part, from: number, to: number, y: number, pixel: number): void {
    if (y < part.top || y >= part.bottom) return
    const left = from < part.left ? part.left : from
    const right = to < part.right ? to : part.right - 1
    const row = y * this.width
    for (let at = row + left; at <= row + right; at += 1) this.pixels[at] = pixel
  }

  block(part: Part, x: number, y: number, size: number, pixel: number): void {
    for (let row = y; row < y + size; row += 1) this.run(part, x, x + size - 1, row, pixel)
  }

  /** Lays `bends` on the picture; what is bare in them stays as it was. */
  lay(bends: Bends): void {
    const { part, pixels: bent } = bends
    const rows = part.bottom - part.top
    for (let x = part.left, from = 0; x < part.right; x += 1, from += rows) {
      for (let row = 0, at = part.top * this.width + x; row < rows; row += 1, at += this.width) {
        const pixel = bent[from + row] as number
        if (pixel) this.pixels[at] = pixel
      }
    }
  }
}

/**
 * The bends of one column's branches, gathered column of pixels by column of pixels: a steep bend is then written from front to back,
 * where in the picture each of its pixels would lie on a line of memory of its own.
 */
export class Bends {
  part: Part = { left: 0, top: 0, right: 0, bottom: 0 }
  pixels = new Uint32Array(0)
  private left = 0
  private curve: Float32Array = new Float32Array(0)

  /** Begins anew with bends from `left` on that follow `curve` (0 to 1 per pixel to the right), as far as they lie in the part. */
  begin(part: Part, left: number, curve: Float32Array): void {
    const right = Math.min(part.right, left + curve.length)
    this.part = { ...part, left: Math.min(Math.max(part.left, left), right), right }
    const room = (right - this.part.left) * (part.bottom - part.top)
    if (this.pixels.length < room) this.pixels = new Uint32Array(2 * room)
    else this.pixels.fill(0, 0, room)
    this.left = left
    this.curve = curve
  }

  /** A bend from height `from` to height `to`. */
  draw(from: number, to: number, pixel: number): void {
    const { part, curve, pixels } = this
    const rows = part.bottom - part.top
    const rise = to - from
    const start = part.left - this.left
    const stop = part.right - this.left
    const place = from + 0.5 - part.top
    let before = start > 0 ? Math.floor(place + rise * (curve[start - 1] as number)) : from - part.top
    for (let i = start, row = 0; i < stop; i += 1, row += rows) {
      const y = Math.floor(place + rise * (curve[i] as number))
      let top = before < y ? before : y
      let bottom = before < y ? y : before
      if (top < 0) top = 0
      if (bottom >= rows) bottom = rows - 1
      for (let at = row + top; at <= row + bottom; at += 1) pixels[at] = pixel
      before = y
    }
  }
}
