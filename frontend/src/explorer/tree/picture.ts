/** The tree as a picture to keep: PNG or SVG, as it is shown or whole, drawn by the same code as the page. */

import { CardText } from './card-text'
import { FarPicture } from './draw-far'
import { handShapes } from './draw-marks'
import { formulas } from './formulas'
import { type Camera, columnPitch, detailAt, gap, type Size } from './geometry'
import type { Paints } from './paints'
import { render } from './render'
import { Spread } from './spread'
import { SvgContext, SvgPath } from './svg'
import type { ViewState } from './view-state'

/** Browsers refuse larger canvases, or take minutes for them. */
const longestSide = 8192
const mostPixels = 32_000_000
/** A vector picture grows with its nodes, not with its sides. */
const longestVector = 400_000

export type Format = 'png' | 'svg'

/** The window and camera that show the whole tree, as large as a picture may be. */
export function wholeView(view: ViewState, format: Format): { camera: Camera; size: Size; pitch: number } {
  const { scene } = view
  const plain = scene.bounds(columnPitch, columnPitch - gap)
  const vector = format === 'svg' && plain.bottom - plain.top < longestVector
  const most = vector ? longestVector : longestSide
  const room = (from: number, to: number) => Math.ceil(Math.min(most, Math.max(320, to - from + 120)))
  let size = { width: room(plain.left, plain.right), height: room(plain.top, plain.bottom) }
  const shrunk = Math.sqrt(Math.min(1, mostPixels / (size.width * size.height)))
  if (!vector) size = { width: Math.floor(size.width * shrunk), height: Math.floor(size.height * shrunk) }
  const spread = new Spread()
  const camera = spread.fit((pitch, tail) => scene.bounds(pitch, tail), scene.deepest, size)
  return { camera, size, pitch: spread.pitchAt(camera.k) }
}

/** The view as a file's content. Rejects when the browser cannot make the picture. */
export async function picture(view: ViewState, paints: Paints, format: Format): Promise<Blob> {
  const draw = () => (format === 'svg' ? vector(view, paints) : pixels(view, paints))
  const first = await draw()
  // Drawing it asked for the formulas that were not set yet: with them it is drawn once more.
  if (!formulas.settled) return first
  await formulas.settled
  return draw()
}

async function pixels(view: ViewState, paints: Paints): Promise<Blob> {
  const { canvas, context } = sheet(view)
  render(context, view, paints, new CardText(), new FarPicture())
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser could not make the picture.'))))
  })
}

/** From afar a tree is drawn pixel by pixel: the vector picture then holds those pixels, with the ways above them. */
function vector(view: ViewState, paints: Paints): Blob {
  const { width, height } = view.size
  const far = detailAt(view.camera.k) === 'dots'
  const ground = { ...view, pixelRatio: 2 }
  const { canvas, context } = sheet(far ? ground : { ...view, size: { width: 1, height: 1 } })
  const svg = new SvgContext(width, height, context, handShapes)
  const own = { ...view, pixelRatio: 1, newPath: (d?: string) => new SvgPath(d) as unknown as Path2D }
  const pixels = {
    draw: () => {
      new FarPicture().draw(context, ground, paints)
      svg.image(canvas.toDataURL())
    },
  }
  render(svg as unknown as CanvasRenderingContext2D, own, paints, new CardText(), pixels)
  return new Blob([svg.text()], { type: 'image/svg+xml' })
}

function sheet(view: ViewState): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D } {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(view.size.width * view.pixelRatio))
  canvas.height = Math.max(1, Math.round(view.size.height * view.pixelRatio))
  return { canvas, context: canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D }
}
