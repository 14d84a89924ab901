/** One whole picture of the tree on a canvas, at whatever distance the camera is. */

import type { CardText } from './card-text'
import { drawEdges, drawWays } from './draw-edges'
import type { FarPicture } from './draw-far'
import { drawLandmarks, drawNodes } from './draw-nodes'
import { detailAt } from './geometry'
import type { Paints } from './paints'
import type { ViewState } from './view-state'

/** Draws the view. From afar `ground` draws all but the ways and landmarks above it. */
export function render(
  context: CanvasRenderingContext2D,
  view: ViewState,
  paints: Paints,
  texts: CardText,
  ground: Pick<FarPicture, 'draw'>,
): void {
  const { x, y, k } = view.camera
  const far = detailAt(k) === 'dots'
  if (far) {
    paints.update(view)
    ground.draw(context, view, paints)
  } else {
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.fillStyle = view.colors.paper
    context.fillRect(0, 0, view.size.width * view.pixelRatio, view.size.height * view.pixelRatio)
  }
  context.setTransform(k * view.pixelRatio, 0, 0, k * view.pixelRatio, x * view.pixelRatio, y * view.pixelRatio)
  // No ligatures: model text is shown as it was written.
  context.textRendering = 'optimizeSpeed'
  if (far) {
    drawWays(context, view)
    drawLandmarks(context, view)
  } else {
    drawEdges(context, view)
    drawNodes(context, view, texts)
  }
}
